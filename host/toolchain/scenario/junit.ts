/** Outcomes as JUnit XML, which CI servers read. */
import type { Difference } from './compare.ts';
import type { Outcome } from './run.ts';

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for XML 1.0, which has no control characters. */
const xml = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 excludes them
  text.replace(/[&<>"]/g, (sign) => ENTITIES[sign]!).replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd');

/** A difference as lines of text. */
export function differenceLines({ what, expected, seen }: Difference): string[] {
  return [what, ...(expected === undefined ? [] : [`  - ${expected}`]), ...(seen === undefined ? [] : [`  + ${seen}`])];
}

export function junit(outcomes: Outcome[]): string {
  const failures = outcomes.filter(({ state }) => state === 'failed').length;
  const time = outcomes.reduce((sum, { seconds }) => sum + seconds, 0);
  const cases = outcomes.flatMap(({ file, name, seconds, state, differences }) => {
    const open = `  <testcase classname="${xml(file)}" name="${xml(name)}" time="${seconds.toFixed(3)}"`;
    if (state !== 'failed') return [`${open}/>`];
    const text = differences.flatMap(differenceLines).join('\n');
    const message = differences.map(({ what }) => what).join('; ');
    return [`${open}>`, `    <failure message="${xml(message)}">${xml(text)}</failure>`, '  </testcase>'];
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="mote test" tests="${outcomes.length}" failures="${failures}" errors="0" skipped="0" time="${time.toFixed(3)}">`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}
