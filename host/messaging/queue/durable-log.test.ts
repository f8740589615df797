import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import { cases } from '../../base/test-form.ts';
import { randomBelow } from '../../base/testing.ts';
import { DurableLog } from './durable-log.ts';
import { FaultFolder } from './fault-folder.ts';
import { importQueues } from './import-queues.ts';
import type { LogOptions } from './log-options.ts';
import type { Message } from './message.ts';
import { encodeRecord, MESSAGE, PUT, parseRecords, REMOVE, REMOVED, recordBytes } from './record.ts';
import { encodeStored } from './stored.ts';
import { contents, inMemory, may, message, must, SIZE, textsOf } from './testing.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'moteware-log-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const onDisk = (options: Partial<LogOptions> = {}) => new DurableLog({ dir: join(root, 'q'), ...options });

describe('the durable log', () => {
  it('returns every field of a message after it was reopened', async () => {
    const full: Message = {
      topic: 'mote/d/n/e',
      payload: Uint8Array.of(0, 255, 7),
      qos: 1,
      retain: true,
      properties: {
        contentType: 'application/cbor',
        expirySeconds: 60,
        responseTopic: 'r',
        correlationData: Buffer.from([1, 2]),
        userProperties: { id: 'x', many: ['a', 'b'] },
        utf8: true,
      },
    };
    const first = onDisk();
    const seq = first.stream('ä').put(full, { droppable: false, nowMs: 1000 });
    await first.close();
    const second = onDisk();
    expect(second.names()).toEqual(['ä']);
    const pending = second.stream('ä').get(seq)!;
    expect(pending.expiresMs).toBe(61_000);
    expect({ ...pending.message, payload: Uint8Array.from(pending.message.payload) }).toEqual(full);
    expect(second.stream('ä').put(message('next'), must)).toBeGreaterThan(seq);
    await second.close();
  });

  it('sends nothing before it is on the medium, and commits what comes during a sync together', async () => {
    const log = onDisk();
    const streams = ['a', 'b', 'c'].map((name) => log.stream(name));
    const ready: string[] = [];
    for (const stream of streams) stream.onReady(() => ready.push(stream.name));
    for (const stream of streams) stream.put(message(`first of ${stream.name}`), must);
    expect(streams.flatMap(textsOf)).toEqual([]);
    const first = log.settled();
    setImmediate(() => {
      for (let i = 0; i < 1000; i++) streams[i % 3]!.put(message(`${i}`), must);
    });
    await first;
    expect(ready).toEqual(['a', 'b', 'c']);
    expect(streams.flatMap(textsOf).slice(0, 3)).toHaveLength(3);
    await log.settled();
    expect(streams.flatMap(textsOf)).toHaveLength(1003);
    expect(log.stats.commits).toBeLessThan(5);
    expect(log.settled()).toBeUndefined();
    await log.close();
  });

  it('writes a message whenever it is put, also when the write before it has just ended', async () => {
    const log = inMemory(new FaultFolder());
    const stream = log.stream('n');
    for (let ticks = 0; ticks < 30; ticks++) {
      stream.put(message(`${ticks}`), must);
      await log.settled();
      for (let i = 0; i < ticks; i++) await Promise.resolve();
      stream.remove(stream.put(message('late'), must));
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
      expect([ticks, log.settled()]).toEqual([ticks, undefined]);
    }
  });

  it('keeps 700 nodes in one file', async () => {
    const log = onDisk();
    for (let i = 0; i < 700; i++) log.stream(`node-${i}`).put(message('x'), must);
    await log.close();
    expect(readdirSync(join(root, 'q'))).toHaveLength(1);
    const again = onDisk();
    expect(again.names()).toHaveLength(700);
    again.abort();
  });

  it('drops the oldest telemetry of a full node, never events or what is in flight, and refuses what does not fit', async () => {
    const log = inMemory(new FaultFolder(), { maxStreamBytes: 5 * SIZE });
    const stream = log.stream('n');
    stream.put(message('ev1'), must);
    for (const t of ['te1', 'te2', 'te3', 'te4']) stream.put(message(t), may);
    await log.settled();
    stream.hold(2);
    stream.put(message('ev2'), must);
    stream.put(message('te5'), may);
    await log.settled();
    expect(textsOf(stream)).toEqual(['ev1', 'te1', 'te4', 'ev2', 'te5']);
    expect(() => stream.put(message('x'.repeat(400)), must)).toThrow(/full \(5 messages wait/);
    expect(textsOf(stream)).toEqual(['ev1', 'te1', 'te4', 'ev2', 'te5']);
    expect(stream.stats).toMatchObject({ dropped: 2, refused: 1, waiting: 5 });
  });

  it('takes room for a node from the nodes with the most telemetry when the log is full', async () => {
    const log = inMemory(new FaultFolder(), { maxBytes: 10 * SIZE });
    const [flood, quiet] = [log.stream('f'), log.stream('q')];
    quiet.put(message('te1'), may);
    for (let i = 0; i < 9; i++) flood.put(message(`fl${i}`), may);
    for (let i = 0; i < 5; i++) quiet.put(message(`ev${i}`), must);
    await log.settled();
    expect(textsOf(quiet)).toEqual(['te1', 'ev0', 'ev1', 'ev2', 'ev3', 'ev4']);
    expect(textsOf(flood)).toEqual(['fl5', 'fl6', 'fl7', 'fl8']);
    for (let i = 5; i < 10; i++) quiet.put(message(`ev${i}`), must);
    expect(() => quiet.put(message('ev!'), must)).toThrow(/full/);
    expect(log.stats).toMatchObject({ waiting: 10, waitingBytes: 10 * SIZE });
  });

  it('deletes the files of delivered messages, and limits the disk that an old message keeps', async () => {
    const folder = new FaultFolder();
    const log = inMemory(folder, { segmentBytes: 1000 });
    log.stream('old').put(message('old'), must);
    const stream = log.stream('n');
    for (let i = 0; i < 2000; i++) {
      stream.put(message(`t${i}`), may);
      await log.settled();
      stream.remove(stream.next(0)!.seq);
    }
    await log.settled();
    expect(contents(log)).toEqual(['old:old']);
    expect(log.stats.diskBytes).toBeLessThan(6000);
    expect(folder.list().length).toBeLessThan(12);
    await log.close();
    const again = inMemory(folder.clone());
    expect(contents(again)).toEqual(['old:old']);
  });

  it('does not return what was removed, however many files were merged and runs there were', async () => {
    let folder = new FaultFolder();
    const expected = new Set<string>();
    const random = randomBelow(7);
    for (let run = 0; run < 40; run++) {
      const log = inMemory(folder, { segmentBytes: 600 });
      expect(new Set(contents(log))).toEqual(expected);
      for (let i = 0; i < 12; i++) {
        const name = `n${random(3)}`;
        log.stream(name).put(message(`${run}.${i}`), must);
        expected.add(`${name}:${run}.${i}`);
        await log.settled();
        while (expected.size > 8) {
          const [gone] = [...expected].slice(random(8));
          const [of, text] = gone!.split(':') as [string, string];
          const stream = log.stream(of);
          for (let p = stream.next(0); p !== undefined; p = stream.next(p.seq))
            if (Buffer.from(p.message.payload).toString() === text) stream.remove(p.seq);
          expected.delete(gone!);
        }
      }
      await log.close();
      expect(folder.list().length).toBeLessThan(14);
      folder = folder.clone();
    }
  });

  it('rejects a folder that it cannot open, and files of another version', () => {
    writeFileSync(join(root, 'file'), '');
    expect(() => new DurableLog({ dir: join(root, 'file') })).toThrow(expect.objectContaining({ code: 'QUEUE_IO' }));
    mkdirSync(join(root, 'q'));
    writeFileSync(join(root, 'q', '0000000001.log'), encodeRecord(3, 1, Uint8Array.of(3)));
    expect(onDisk).toThrow(expect.objectContaining({ code: 'QUEUE_FORMAT' }));
  });

  it('takes the messages that version 0.1.0 kept in a folder for each node', async () => {
    const queue = join(root, 'q', 'hall');
    mkdirSync(queue, { recursive: true });
    const put = (seq: number, text: string, expiresMs = Number.POSITIVE_INFINITY) =>
      encodeRecord(
        PUT,
        seq,
        encodeStored({
          message: message(text, expiresMs < 1e9 ? 60 : undefined),
          droppable: seq === 3,
          expiresMs,
        }),
      );
    writeFileSync(join(queue, '0000000001.queue'), Buffer.concat([put(1, 'gone'), put(2, 'two')]));
    const torn = put(5, 'torn').subarray(0, 20);
    writeFileSync(
      join(queue, '0000000002.queue'),
      Buffer.concat([encodeRecord(REMOVE, 1, new Uint8Array(0)), put(4, 'four', 90_000), put(3, 'three'), torn]),
    );
    const log = onDisk();
    importQueues(join(root, 'q'), (name) => name !== 'other', log);
    expect(contents(log)).toEqual(['hall:two', 'hall:three', 'hall:four']);
    expect(log.stream('hall').get(3)!.expiresMs).toBe(90_000);
    expect(log.stream('hall').stats.firmBytes).toBeLessThan(log.stats.waitingBytes);
    expect(readdirSync(join(root, 'q'))).toEqual(['0000000001.log']);
    await log.close();
  });
});

describe('a disk that fails', () => {
  it('keeps messages uncommitted while the disk is full, tries again, and loses none', async () => {
    const folder = new FaultFolder();
    const clock = new VirtualClock();
    const problems: string[] = [];
    const log = inMemory(folder, { clock, segmentBytes: 300, onProblem: ({ code }) => problems.push(code) });
    const stream = log.stream('n');
    stream.put(message('one'), must);
    await log.settled();
    folder.capacity = folder.bytes + 10;
    stream.put(message('two'), must);
    const settled = log.settled()!;
    let durable = false;
    void settled.then(() => {
      durable = true;
    });
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(1000);
    }
    expect(durable).toBe(false);
    expect(textsOf(stream)).toEqual(['one']);
    expect(problems).toEqual(['QUEUE_IO']);
    expect(folder.list().length).toBeLessThan(4);
    // What a killed process would find.
    expect(contents(inMemory(folder.clone()))).toEqual(['n:one']);
    folder.capacity = Number.POSITIVE_INFINITY;
    stream.put(message('three'), must);
    clock.advance(1000);
    await log.settled();
    expect(durable).toBe(true);
    expect(textsOf(stream)).toEqual(['one', 'two', 'three']);
    expect(contents(inMemory(folder.clone()))).toEqual(['n:one', 'n:two', 'n:three']);
  });

  it('writes again what a failed sync may have dropped', async () => {
    const folder = new FaultFolder();
    const clock = new VirtualClock();
    const log = inMemory(folder, { clock });
    const stream = log.stream('n');
    stream.put(message('one'), must);
    await log.settled();
    folder.failSync = true;
    stream.put(message('two'), must);
    const settled = log.settled()!;
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(textsOf(stream)).toEqual(['one']);
    clock.advance(1000);
    await settled;
    expect(contents(inMemory(folder.survivor(() => 0)))).toEqual(['n:one', 'n:two']);
  });

  it('reads any damaged file without a fault and returns only whole records', () => {
    const good = Buffer.concat(
      [1, 2, 3].flatMap((seq) => [
        encodeRecord(MESSAGE, seq, Buffer.from(`body ${seq}`)),
        encodeRecord(REMOVED, seq, Buffer.alloc(0)),
      ]),
    );
    const random = randomBelow(12345);
    for (let i = 0; i < cases(100_000); i++) {
      const bytes = Buffer.from(good.subarray(0, 1 + random(good.length)));
      for (let n = random(3); n > 0; n--) bytes[random(bytes.length)]! ^= 1 << random(8);
      const { records, goodBytes } = parseRecords(bytes);
      expect(goodBytes <= bytes.length && records.length <= 6).toBe(true);
      if (good.subarray(0, goodBytes).compare(bytes.subarray(0, goodBytes)) !== 0)
        throw new Error('a damaged record passed');
    }
    expect(parseRecords(good).goodBytes).toBe(3 * (recordBytes(6) + recordBytes(0)));
  });
});

/** What a run had been told when its power was cut. */
interface Told {
  /** Messages that were reported as durable and not removed. */
  durable: Set<string>;
  /** Messages that were put and not removed. */
  put: Set<string>;
}

/** Puts and removes messages of three nodes, over rotations and merges, until the power is cut. */
async function run(folder: FaultFolder): Promise<Told> {
  const told: Told = { durable: new Set(), put: new Set() };
  const random = randomBelow(99);
  const log = inMemory(folder, { segmentBytes: 500, cacheBytes: 300 });
  const waiting: { text: string; seq: number; name: string }[] = [];
  for (let i = 0; i < 60 && !folder.dead; i++) {
    const name = `n${random(3)}`;
    const text = `${name}:${i}${'.'.repeat(random(40))}`;
    const seq = log.stream(name).put(message(text.slice(3)), must);
    told.put.add(text);
    waiting.push({ text, seq, name });
    if (random(3) === 0) continue;
    await settledOrDead(log, folder);
    if (folder.dead) break;
    for (const each of waiting) told.durable.add(each.text);
    while (waiting.length > 5) {
      const [gone] = waiting.splice(random(4), 1);
      log.stream(gone!.name).remove(gone!.seq);
      told.durable.delete(gone!.text);
      told.put.delete(gone!.text);
    }
  }
  log.abort();
  return told;
}

/** A dead disk never settles. */
async function settledOrDead(log: DurableLog, folder: FaultFolder): Promise<void> {
  for (let turns = 0; turns < 5 && log.settled() !== undefined; turns += folder.dead ? 1 : 0)
    await new Promise((resolve) => setImmediate(resolve));
}

/** Cuts the power at every operation. Returns messages that were durable and are lost. */
async function lostOverAllCuts(ignored: ('file' | 'folder')[], keep: () => number): Promise<string[]> {
  const whole = new FaultFolder(ignored);
  await run(whole);
  const lost: string[] = [];
  for (let cut = 0; cut < whole.operations; cut++) {
    const folder = new FaultFolder(ignored);
    folder.cutAfter(cut);
    const told = await run(folder);
    const found = new Set(contents(inMemory(folder.survivor(keep))));
    lost.push(...[...told.durable].filter((text) => !found.has(text)));
  }
  return lost;
}

describe('a power cut at any operation of the disk', () => {
  it('loses no message that was reported as durable, if nothing of what was not synced is left', async () => {
    expect(await lostOverAllCuts([], () => 0)).toEqual([]);
  });

  it('loses none either, if parts of what was not synced are left', async () => {
    for (const seed of [1, 2, 3]) {
      const random = randomBelow(seed);
      expect(await lostOverAllCuts([], () => [0, 0.3, 0.9, 1][random(4)]!)).toEqual([]);
    }
  });

  it.each([['file'], ['folder']] as const)('would be noticed without the sync of the %s', async (what) => {
    expect(await lostOverAllCuts([what], () => 0)).not.toEqual([]);
  });

  it('leaves whole messages only', async () => {
    const whole = new FaultFolder();
    await run(whole);
    const random = randomBelow(4);
    for (let cut = 0; cut < whole.operations; cut++) {
      const folder = new FaultFolder();
      folder.cutAfter(cut);
      await run(folder);
      for (const text of contents(inMemory(folder.survivor(() => random(11) / 10))))
        expect(text).toMatch(/^n\d:\d+\.*$/);
    }
  });
});
