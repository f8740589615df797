/** Files that become messages: parts, halves, kills and what can't be read. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import Papa from 'papaparse';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MoteError, VirtualClock } from '../../../base/index.ts';
import type { Message } from '../../../messaging/queue/index.ts';
import { FileDrop } from './drop.ts';
import { partsOf } from './parts.ts';

let dir: string;
let clock: VirtualClock;
let kept: string | undefined;
let taken: Pick<Message, 'topic' | 'payload' | 'properties'>[];
let problems: string[];
let drop: FileDrop | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-files-'));
  clock = new VirtualClock();
  kept = undefined;
  taken = [];
  problems = [];
});
afterEach(async () => {
  await drop?.close();
  rmSync(dir, { recursive: true, force: true });
});

const put = (name: string, content: string | Uint8Array) => writeFileSync(join(dir, name), content);
const at = (name: string) => readFileSync(join(dir, name), 'utf8');
const texts = () => taken.map(({ payload }) => Buffer.from(payload).toString());

/** As the journal does: a CloudEvent that it has is not stored again. */
function store(message: (typeof taken)[number]): Promise<void> {
  const id = message.properties.userProperties?.id;
  if (!taken.some((one) => one.properties.userProperties?.id === id)) taken.push(message);
  return Promise.resolve();
}

function start(take = store): FileDrop {
  return FileDrop.start(dir, {
    clock,
    take,
    kept: async () => kept,
    keep: async (value) => {
      kept = value;
    },
    onProblem: ({ message }) => problems.push(message),
    onFile: () => {},
  });
}

async function scan(times = 2): Promise<void> {
  for (let i = 0; i < times; i++) {
    clock.advance(2000);
    await drop!.settled();
  }
}

it('takes a file that no longer changes, and puts it into done', async () => {
  drop = start();
  mkdirSync(join(dir, 'press'));
  put('press/a.csv', 't,rms\n1,2\n');
  await scan(1);
  put('press/a.csv', 't,rms\n1,2\n3,4\n');
  await scan(1);
  expect(taken).toEqual([]);
  await scan(1);
  expect(taken).toMatchObject([{ topic: 'file/press/a.csv', properties: { contentType: 'text/csv' } }]);
  expect(texts()).toEqual(['t,rms\n1,2\n3,4\n']);
  expect([existsSync(join(dir, 'press/a.csv')), at('done/press/a.csv')]).toEqual([false, 't,rms\n1,2\n3,4\n']);
  // The same bytes under another name are known; a file of the same name in `done` stays.
  put('press/a.csv', 't,rms\n1,2\n3,4\n');
  await scan();
  expect(taken).toHaveLength(1);
  expect(readdirSync(join(dir, 'done/press')).sort()).toEqual(['2-a.csv', 'a.csv']);
  expect(drop.status).toMatchObject({ done: 2, failed: 0 });
});

it('leaves files that a program still writes, hidden ones and links', async () => {
  drop = start();
  for (const name of ['a.csv.part', '.a.csv', 'a.csv~']) put(name, 'a\n1\n');
  symlinkSync('/etc/passwd', join(dir, 'b.csv'));
  await scan(3);
  expect([taken, problems]).toEqual([[], []]);
});

it('makes a message of each line of NDJSON, and one of a JSON file', async () => {
  drop = start();
  put('a.ndjson', '{"a":1}\n\n{"a":2}');
  put('b.json', '[{"a":1}]');
  await scan();
  expect(texts()).toEqual(['{"a":1}\n', '{"a":2}', '[{"a":1}]']);
});

it.each([
  ['a.xlsx', 'x', /ends with one of \.csv/],
  ['a.csv', 'a,b\n1,"2\n', /between quotes/],
  ['a.csv', Buffer.from('a;b\n1;2\n', 'utf16le'), /zero bytes/],
  ['a.csv', `a\n"${'x'.repeat(1_100_000)}`, /more than 1048576 bytes; a quote is not closed/],
  ['a.json', ' '.repeat(4 * 1024 * 1024 + 1), /at most 4194304 bytes/],
  ['a.parquet', 'PAR1 and no more', /no Parquet that can be read/],
  ['a+b.csv', 'a\n1\n', /neither \+ nor #/],
])('puts %s into failed, with the reason beside it', async (name, content, reason) => {
  drop = start();
  put(name, content);
  await scan();
  expect(at(`failed/${name}.reason.txt`)).toMatch(reason);
  expect([existsSync(join(dir, name)), existsSync(join(dir, 'failed', name))]).toEqual([false, true]);
  expect(problems).toEqual([expect.stringMatching(reason)]);
});

it('tries again when the disk has room, and reports that once', async () => {
  let full = true;
  drop = start((message) => (full ? Promise.reject(new MoteError('STORE_FULL', 'no room')) : store(message)));
  put('a.csv', 'a\n1\n');
  await scan(4);
  expect([problems, existsSync(join(dir, 'a.csv'))]).toEqual([['no room'], true]);
  full = false;
  await scan(1);
  expect([texts(), existsSync(join(dir, 'done/a.csv'))]).toEqual([['a\n1\n'], true]);
});

it('stores each part once, though it ends at any moment', async () => {
  const lines = Array.from({ length: 2500 }, (_, i) => `{"n":${i}}\n`);
  put('a.ndjson', lines.join(''));
  for (const end of [0, 1, 999, 1000, 1001, 2400, 2500, Number.POSITIVE_INFINITY]) {
    let count = 0;
    // As of a kill: nothing is stored, noted or moved from then on.
    drop = start((message) =>
      count++ >= end ? Promise.reject(new MoteError('STORE_FULL', 'killed')) : store(message),
    );
    await scan();
    await drop.close();
  }
  expect(texts()).toEqual(lines);
  expect(readdirSync(join(dir, 'done'))).toEqual(['a.ndjson']);
});

it('splits CSV into parts that a reader takes by themselves', async () => {
  const cell = fc.constantFrom('', 'x', '1', 'a"b', 'a,b', 'two\nlines', 'Grüße', 'y'.repeat(5000));
  const table = fc.integer({ min: 1, max: 4 }).chain((columns) =>
    fc.record({
      header: fc.constant(Array.from({ length: columns }, (_, i) => `name ${'abcd'[i]}`)),
      rows: fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 30 }),
      copies: fc.constantFrom(1, 30),
      newline: fc.constantFrom('\n', '\r\n'),
    }),
  );
  await fc.assert(
    fc.asyncProperty(table, async ({ header, rows, copies, newline }) => {
      const all = Array.from({ length: copies }, () => rows).flat();
      put('t.csv', Papa.unparse([header, ...all], { newline }));
      const read: string[][] = [];
      for await (const { payload } of partsOf(join(dir, 't.csv'))) {
        expect(payload.length).toBeLessThan(1024 * 1024 + 30_000);
        const { data } = Papa.parse<string[]>(Buffer.from(payload).toString(), { delimiter: ',', newline });
        expect(data.shift()).toEqual(header);
        read.push(...data);
      }
      const lines = (table: string[][]) => table.filter((row) => row.some((text) => text !== ''));
      expect(lines(read)).toEqual(lines(all));
    }),
    { numRuns: 50 },
  );
});

it('gives a first record with numbers to the first part only', async () => {
  put('t.csv', `2026-11-30T10:00:00Z,5\n${'2026-11-30T10:00:01Z,6\n'.repeat(60_000)}`);
  const heads: string[] = [];
  for await (const { payload } of partsOf(join(dir, 't.csv'))) heads.push(Buffer.from(payload).toString().slice(0, 22));
  expect(heads.length).toBeGreaterThan(1);
  expect(heads.filter((head) => head.endsWith(',5'))).toEqual(['2026-11-30T10:00:00Z,5']);
});
