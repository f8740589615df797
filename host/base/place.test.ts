import { expect, it } from 'vitest';
import { codeFrame, sourceLines } from './place.ts';

const SOURCE = 'first();\n\tlet x = second(y);\r\n\nlast();';

it('marks a place below its line, with the line before it', () => {
  const frame = codeFrame({ column: 10, length: 6, source: sourceLines(SOURCE, 2) });
  expect(frame).toEqual(['1 | first();', '2 | \tlet x = second(y);', '  | \t        ^^^^^^']);
});

it('shows no empty line before a place, and marks at least one character and at most the rest of the line', () => {
  expect(codeFrame({ column: 1, length: 0, source: sourceLines(SOURCE, 4) })).toEqual(['4 | last();', '  | ^']);
  expect(codeFrame({ column: 5, length: 99, source: sourceLines(SOURCE, 1) })).toEqual([
    '1 | first();',
    '  |     ^^^^',
  ]);
});

it('shows a part of a long line, with the place in it', () => {
  const [line, mark] = codeFrame({ column: 501, length: 1, source: [{ line: 1, text: `${'a'.repeat(500)}b` }] });
  expect([line![mark!.indexOf('^')], line!.length]).toEqual(['b', 55]);
});

it('shows nothing of a line that the source does not have', () => {
  for (const line of [0, 5, -1, 1.5e9])
    expect(codeFrame({ column: 1, length: 1, source: sourceLines(SOURCE, line) })).toEqual([]);
  expect(sourceLines(null, 1)).toEqual([]);
});
