import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packagePath, VirtualClock } from '../../base/index.ts';
import { cases, casesText } from '../../base/test-form.ts';
import { randomBelow } from '../../base/testing.ts';
import { FaultFolder } from '../../messaging/queue/fault-folder.ts';
import { decodeJournalBody, encodeJournalBody, Journal, type JournalOptions, type NewMessage } from './journal.ts';

const message = (text: string): NewMessage => ({
  receivedUs: 1,
  source: 'mqtt',
  topic: 'a/b',
  properties: {},
  payload: Buffer.from(text),
});
const journalIn = (folder: FaultFolder, options: Partial<JournalOptions> = {}) =>
  new Journal({ dir: 'memory', folder, clock: new VirtualClock(), applied: 0, ...options });
const textsOf = (journal: Journal): string[] =>
  journal.read(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER).map(({ payload }) => Buffer.from(payload).toString());
const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

it('returns every message as it was', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 });
  const properties = fc.record(
    {
      contentType: text,
      expirySeconds: fc.nat(),
      responseTopic: text,
      correlationData: fc.uint8Array({ maxLength: 40 }),
      userProperties: fc.dictionary(text, fc.oneof(text, fc.array(text, { maxLength: 3 }))),
      utf8: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const any = fc.record({
    receivedUs: fc.maxSafeInteger(),
    source: text,
    topic: text,
    properties,
    payload: fc.uint8Array({ maxLength: 200 }),
  });
  fc.assert(
    fc.property(any, fc.integer({ min: 1 }), (original, id) => {
      const plain = (m: NewMessage) => {
        const { correlationData: data, ...rest } = m.properties;
        return { ...m, payload: [...m.payload], properties: rest, data: data && [...data] };
      };
      expect(plain(decodeJournalBody(id, encodeJournalBody(original)))).toEqual({ id, ...plain(original) });
    }),
  );
});

it('reads the example of the specification', () => {
  const text = readFileSync(packagePath('docs', 'spec', 'site.md'), 'utf8');
  const body = Buffer.from(/journal body \| `([0-9a-f]+)`/.exec(text)![1]!, 'hex');
  const { payload, ...rest } = decodeJournalBody(7, body);
  expect([...payload]).toEqual([0x88, 0x01]);
  expect(rest).toEqual({
    id: 7,
    receivedUs: 1_793_000_000_123_456,
    source: 'mqtt',
    topic: 'mote/d/pump-7/t',
    properties: { contentType: 'application/cbor' },
  });
});

it('acknowledges nothing before it is on the medium, and shares a sync', async () => {
  const folder = new FaultFolder();
  const journal = journalIn(folder);
  const acknowledged: number[] = [];
  for (let i = 0; i < 1000; i++) void journal.append(message(`${i}`)).then(() => acknowledged.push(i));
  expect(acknowledged).toEqual([]);
  const before = folder.operations;
  await turns(4);
  expect(acknowledged).toHaveLength(1000);
  expect(folder.operations - before).toBeLessThan(8);
  expect(textsOf(journalIn(folder.survivor(() => 0)))).toHaveLength(1000);
});

it('loses nothing that it acknowledged and keeps the order, wherever the power is cut', async () => {
  const run = async (folder: FaultFolder): Promise<{ acknowledged: number; applied: number }> => {
    const journal = journalIn(folder, { segmentBytes: 400 });
    let [acknowledged, applied] = [0, 0];
    for (let i = 1; i <= 40 && !folder.dead; i++) {
      journal.append(message(`${i}`)).then(
        () => {
          acknowledged = i;
        },
        () => {},
      );
      if (i % 3 === 0) await turns(3);
      if (i % 7 === 0 && !folder.dead && acknowledged > 4) {
        applied = acknowledged - 4;
        journal.release(applied);
      }
    }
    journal.abort();
    return { acknowledged, applied };
  };
  const whole = new FaultFolder();
  await run(whole);
  const random = randomBelow(77);
  for (let cut = 0; cut < whole.operations; cut++) {
    const folder = new FaultFolder();
    folder.cutAfter(cut);
    const { acknowledged, applied } = await run(folder);
    for (const keep of [() => 0, () => 1, () => random(100) / 100]) {
      const left = textsOf(journalIn(folder.survivor(keep), { applied })).map(Number);
      const expected = Array.from({ length: left.length }, (_, i) => applied + 1 + i);
      expect([cut, left]).toEqual([cut, expected]);
      expect(applied + left.length).toBeGreaterThanOrEqual(acknowledged);
    }
  }
});

it.each(['file', 'folder'] as const)('would lose messages without the sync of a %s', async (ignored) => {
  const folder = new FaultFolder([ignored]);
  const journal = journalIn(folder);
  await journal.append(message('x'));
  expect(textsOf(journalIn(folder.survivor(() => 0)))).toEqual([]);
});

it('never gives a number twice, also when all files are gone', async () => {
  const folder = new FaultFolder();
  const first = journalIn(folder);
  await first.append(message('a'));
  first.release(1);
  await first.close();
  const second = journalIn(folder.clone(), { applied: 1 });
  await second.append(message('b'));
  expect(second.read(9, 99)).toMatchObject([{ id: 2 }]);
  expect(journalIn(new FaultFolder(), { applied: 41 }).last).toBe(41);
});

it('deletes the files of applied messages, and reads from them what has no room in memory', async () => {
  const folder = new FaultFolder();
  const journal = journalIn(folder, { segmentBytes: 500, memoryBytes: 200 });
  for (let i = 0; i < 100; i++) await journal.append(message(`${i}`.padEnd(50, '-')));
  expect(folder.list().length).toBeGreaterThan(10);
  expect(textsOf(journal).map((text) => Number.parseInt(text, 10))).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(journal.read(100, 300)).toHaveLength(3);
  expect(journal.read(100, 1)).toHaveLength(1);
  journal.release(99);
  expect(folder.list().length).toBeLessThan(3);
  expect(journal.waiting.messages).toBe(1);
  journal.release(100);
  expect(journal.waiting).toEqual({ messages: 0, bytes: 0 });
});

it('keeps messages unacknowledged while the disk is full or a sync fails, and then in order', async () => {
  const folder = new FaultFolder();
  const clock = new VirtualClock();
  const problems: string[] = [];
  const journal = journalIn(folder, { clock, onProblem: ({ code }) => problems.push(code) });
  await journal.append(message('1'));
  folder.capacity = folder.bytes + 10;
  let acknowledged = false;
  const second = journal.append(message('2')).then(() => {
    acknowledged = true;
  });
  for (let i = 0; i < 5; i++) {
    await turns(3);
    clock.advance(1000);
  }
  expect(acknowledged).toBe(false);
  expect(problems).toEqual(['STORE_IO']);
  expect(folder.list().length).toBeLessThan(4);
  folder.capacity = Number.POSITIVE_INFINITY;
  clock.advance(1000);
  await second;
  folder.failSync = true;
  const third = journal.append(message('3'));
  await turns(3);
  clock.advance(1000);
  await third;
  expect(problems).toEqual(['STORE_IO', 'STORE_IO']);
  expect(textsOf(journal)).toEqual(['1', '2', '3']);
  expect(textsOf(journalIn(folder.survivor(() => 0)))).toEqual(['1', '2', '3']);
});

it(`reads any of ${casesText(20_000)} damaged files without a fault, up to the damage`, async () => {
  const folder = new FaultFolder();
  const journal = journalIn(folder);
  for (const text of ['one', 'two', 'three']) await journal.append(message(text));
  const [name] = folder.list();
  const good = folder.read(name!);
  const random = randomBelow(4711);
  for (let i = 0; i < cases(20_000); i++) {
    const bytes = Buffer.from(good.subarray(0, 1 + random(good.length)));
    for (let n = random(3); n > 0; n--) bytes[random(bytes.length)]! ^= 1 << random(8);
    const damaged = new FaultFolder();
    damaged.create(name!).write(bytes, 0);
    const texts = textsOf(journalIn(damaged));
    expect(texts).toEqual(['one', 'two', 'three'].slice(0, texts.length));
  }
});

it('refuses bytes of another version', () => {
  const body = encodeJournalBody(message('x'));
  body[0] = 2;
  expect(() => decodeJournalBody(1, body)).toThrow(expect.objectContaining({ code: 'STORE_DATA' }));
  for (let length = 0; length < body.length; length++) {
    const cut = Buffer.from(body.subarray(0, length));
    if (length > 0) cut[0] = 1;
    expect(() => decodeJournalBody(1, cut)).toThrow(expect.objectContaining({ code: 'STORE_DATA' }));
  }
});
