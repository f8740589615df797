import { expect, it } from 'vitest';
import { openers } from './open-browser.ts';

it.each([
  ['linux', '6.1.0-generic', {}, ['xdg-open']],
  ['linux', '5.15.90.1-microsoft-standard-WSL2', {}, ['wslview', 'rundll32.exe', 'xdg-open']],
  ['darwin', '23.0', {}, ['open']],
  ['win32', '10.0', {}, ['rundll32']],
  ['linux', '6.1.0-generic', { BROWSER: 'firefox' }, ['firefox', 'xdg-open']],
] as const)('on %s %s with %o the page opens with %o', (platform, kernel, env, commands) => {
  expect(openers(platform, kernel, env).map(([command]) => command)).toEqual(commands);
});
