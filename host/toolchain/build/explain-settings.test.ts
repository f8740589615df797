import { expect, it } from 'vitest';
import { explainSettings } from './explain-settings.ts';

it.each([
  ["app.ts:5:2: Property 'limit' does not exist on type 'app/config'.", true],
  ["app.ts:1:9: Module 'generated/config' has no exported member 'limit'.", true],
  ["app.ts:5:2: Property 'limit' does not exist on type 'app/Level'.", false],
  ["app.ts:1:9: Module 'levels' has no exported member 'limit'.", false],
])('%s', (message, isSetting) => {
  const more = ': mote.json has no setting "limit"; add it as "config": { "limit": 0 } (it has alarm, clear).';
  const text = `${message}\n  |\n`;
  expect(explainSettings(text, { alarm: 1, clear: 2 })).toBe(isSetting ? text.replace(/\.\n/, `${more}\n`) : text);
});

it('reports that there are no settings', () => {
  expect(explainSettings("Property 'a' does not exist on type 'app/config'.", {})).toMatch(/\(it has none\)\.$/);
});
