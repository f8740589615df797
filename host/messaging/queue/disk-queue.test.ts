import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cases } from '../../base/test-form.ts';
import { randomBelow } from '../../base/testing.ts';
import { DiskQueue, type QueueOptions } from './disk-queue.ts';
import type { Message } from './message.ts';
import { encodeRecord, PUT, parseSegment, REMOVE, recordBytes } from './segment.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'moteware-queue-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function message(text: string, expirySeconds?: number): Message {
  const properties = expirySeconds === undefined ? {} : { expirySeconds };
  return { topic: 'a/b', payload: Buffer.from(text), qos: 1, retain: false, properties };
}
function open(options: Partial<QueueOptions> = {}): DiskQueue {
  return new DiskQueue({ dir: join(root, 'q'), sync: 'os', ...options });
}
function contents(queue: DiskQueue): string[] {
  const texts: string[] = [];
  for (let p = queue.next(0); p !== undefined; p = queue.next(p.seq))
    texts.push(Buffer.from(p.message.payload).toString());
  return texts;
}
const must = { droppable: false, nowMs: 0 };
const may = { droppable: true, nowMs: 0 };

describe('disk queue', () => {
  it('returns every field of a message after it was reopened', () => {
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
    const first = open({ sync: 'fsync' });
    const seq = first.put(full, { droppable: false, nowMs: 1000 });
    first.close();
    const pending = open().get(seq)!;
    expect(pending.expiresMs).toBe(61_000);
    expect({ ...pending.message, payload: Uint8Array.from(pending.message.payload) }).toEqual(full);
  });

  it('refuses a new message when it is full of messages that are not droppable, and drops the oldest telemetry otherwise', () => {
    const queue = open({ maxBytes: 5 * 70 });
    queue.put(message('e1'), must);
    for (const t of ['t1', 't2', 't3', 't4']) queue.put(message(t), may);
    queue.hold(2);
    queue.put(message('e2'), must);
    queue.put(message('t5'), may);
    expect(contents(queue)).toEqual(['e1', 't1', 't4', 'e2', 't5']);
    expect(() => queue.put(message('x'.repeat(400)), must)).toThrow(/full \(5 messages wait/);
    expect(contents(queue)).toEqual(['e1', 't1', 't4', 'e2', 't5']);
    expect(queue.stats).toMatchObject({ dropped: 2, refused: 1, waiting: 5 });
  });

  it('limits the files when one old message stays and telemetry is added and removed', () => {
    const queue = open({ maxBytes: 4000, segmentBytes: 1000 });
    queue.put(message('old'), must);
    for (let i = 0; i < 2000; i++) queue.put(message(`t${i}`), may);
    expect(contents(queue)[0]).toBe('old');
    expect(queue.stats.diskBytes).toBeLessThan(4 * 4000 + 5 * 1000);
    queue.close();
    expect(contents(open())[0]).toBe('old');
  });

  it('deletes the files of delivered messages', () => {
    const queue = open({ segmentBytes: 500 });
    for (let i = 0; i < 100; i++) queue.remove(queue.put(message('x'), must));
    expect(readdirSync(join(root, 'q')).length).toBe(1);
  });

  it('after a kill at any byte holds exactly what had been accepted and not removed', () => {
    // The expected content after each whole record, by size of the one file.
    const queue = open({ segmentBytes: 1e9 });
    const file = () => join(root, 'q', readdirSync(join(root, 'q'))[0]!);
    const states: { size: number; texts: string[] }[] = [{ size: 0, texts: [] }];
    const seqs: number[] = [];
    for (let i = 0; i < 14; i++) {
      if (i % 3 === 2) queue.remove(seqs.splice(i % 2, 1)[0]!);
      else seqs.push(queue.put(message(`m${i}`.padEnd(i * 5, '.')), must));
      states.push({ size: readFileSync(file()).length, texts: contents(queue) });
    }
    queue.close();
    const all = readFileSync(file());
    for (let cut = 0; cut <= all.length; cut++) {
      writeFileSync(file(), all.subarray(0, cut));
      const again = open({ segmentBytes: 1e9 });
      expect(contents(again)).toEqual(states.findLast((state) => state.size <= cut)!.texts);
      // It continues from there.
      again.put(message('new'), must);
      again.close();
      const third = open({ segmentBytes: 1e9 });
      expect(contents(third).at(-1)).toBe('new');
      third.close();
    }
  });

  it('refuses a message when it cannot create a file, and continues when it can', () => {
    // Each message takes a file of its own; a folder has the name of the third file.
    const queue = open({ segmentBytes: 10 });
    const seqs = [queue.put(message('one'), must), queue.put(message('two'), must)];
    const obstacle = join(root, 'q', '0000000003.queue');
    mkdirSync(obstacle);
    expect(() => queue.put(message('three'), must)).toThrow(expect.objectContaining({ code: 'QUEUE_IO' }));
    // Acknowledged messages are removed nevertheless: on a full disk, that frees space.
    queue.remove(seqs[0]!);
    expect(contents(queue)).toEqual(['two']);
    expect(readdirSync(join(root, 'q'))).not.toContain('0000000001.queue');
    rmSync(obstacle, { recursive: true });
    queue.put(message('three'), must);
    expect(contents(queue)).toEqual(['two', 'three']);
    queue.close();
  });

  it('loses no accepted message when there is no file for one that must be moved from the oldest', () => {
    for (let obstacle = 2; obstacle < 14; obstacle++) {
      for (let length = 1; length < 60; length++) {
        const queue = open({ dir: join(root, `${obstacle}-${length}`), segmentBytes: 150 });
        queue.put(message('old'), must);
        mkdirSync(join(root, `${obstacle}-${length}`, `${String(obstacle).padStart(10, '0')}.queue`));
        for (let i = 0; i < 40; i++) {
          try {
            queue.remove(queue.put(message('x'.repeat(length)), may));
          } catch (error) {
            expect(error).toMatchObject({ code: 'QUEUE_IO' });
          }
        }
        expect(contents(queue)[0]).toBe('old');
        queue.close();
      }
    }
  });

  it('loses no accepted message when the process is killed at any file operation of a rotation or a move', () => {
    // A copy of the folder after each operation, each with its newest file cut at every byte that this operation wrote.
    const dir = join(root, 'q');
    const queue = open({ maxBytes: 1000, segmentBytes: 100 });
    const model: string[] = [];
    const seqs: number[] = [];
    for (let i = 0; i < 40; i++) {
      const before = new Map(readdirSync(dir).map((f) => [f, readFileSync(join(dir, f))]));
      const had = [...model];
      if (i % 2 === 0 || seqs.length < 3) {
        seqs.push(queue.put(message(`m${i}`), must));
        model.push(`m${i}`);
      } else {
        queue.remove(seqs.splice(1, 1)[0]!);
        model.splice(1, 1);
      }
      const newest = readdirSync(dir).sort().at(-1)!;
      const bytes = readFileSync(join(dir, newest));
      for (let cut = before.get(newest)?.length ?? 0; cut < bytes.length; cut++) {
        // The state before the operation, with the part of the newest file that was written when the process died.
        rmSync(join(root, 'k'), { recursive: true, force: true });
        cpSync(dir, join(root, 'k'), { recursive: true });
        for (const [name, content] of before) writeFileSync(join(root, 'k', name), content);
        writeFileSync(join(root, 'k', newest), bytes);
        truncateSync(join(root, 'k', newest), cut);
        const survivor = new DiskQueue({ dir: join(root, 'k'), sync: 'os', segmentBytes: 100 });
        // The operation happened or it didn't; there is no state between.
        expect([had, model].map((texts) => texts.join())).toContain(contents(survivor).join());
        survivor.close();
      }
      expect(contents(queue)).toEqual(model);
    }
  });

  it('behaves like a list in memory under any sequence of calls', () => {
    const command = fc.oneof(
      fc.record({ do: fc.constant('put' as const), bytes: fc.nat(120), droppable: fc.boolean() }),
      fc.record({ do: fc.constant('remove' as const), at: fc.nat(20) }),
      fc.record({ do: fc.constant('hold' as const), at: fc.nat(20) }),
      fc.record({ do: fc.constant('reopen' as const) }),
    );
    let run = 0;
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const options = { dir: join(root, `m${run++}`), maxBytes: 1500, segmentBytes: 400 };
        let queue = open(options);
        let model: { seq: number; text: string; size: number; droppable: boolean; held: boolean }[] = [];
        let count = 0;
        for (const c of commands) {
          if (c.do === 'put') {
            const text = `${count++}`.padEnd(c.bytes, '-');
            const size = text.length + 3 + 64;
            let free = 1500 - model.reduce((sum, m) => sum + m.size, 0);
            const kept = model.filter((m) => {
              if (free >= size || !m.droppable || m.held) return true;
              free += m.size;
              return false;
            });
            if (free < size) {
              expect(() => queue.put(message(text), { droppable: c.droppable, nowMs: 0 })).toThrow();
            } else {
              const seq = queue.put(message(text), { droppable: c.droppable, nowMs: 0 });
              model = [...kept, { seq, text, size, droppable: c.droppable, held: false }];
            }
          } else if (c.do === 'reopen') {
            queue.close();
            queue = open(options);
            for (const m of model) m.held = false;
          } else {
            const m = model[c.at % Math.max(1, model.length)];
            if (m === undefined) continue;
            if (c.do === 'hold') {
              queue.hold(m.seq);
              m.held = true;
            } else {
              queue.remove(m.seq);
              model.splice(model.indexOf(m), 1);
            }
          }
          expect(contents(queue)).toEqual(model.map((m) => m.text));
          expect(queue.stats.waitingBytes).toBe(model.reduce((sum, m) => sum + m.size, 0));
          expect(queue.stats.firmBytes).toBe(model.reduce((sum, m) => sum + (m.droppable ? 0 : m.size), 0));
        }
        queue.close();
        rmSync(options.dir, { recursive: true, force: true });
      }),
      { numRuns: 300 },
    );
  });

  it('reads any damaged file without a fault and returns only whole records', () => {
    const good = Buffer.concat(
      [1, 2, 3].flatMap((seq) => [
        encodeRecord(PUT, seq, Buffer.from(`body ${seq}`)),
        encodeRecord(REMOVE, seq, Buffer.alloc(0)),
      ]),
    );
    const random = randomBelow(12345);
    for (let i = 0; i < cases(100_000); i++) {
      const bytes = Buffer.from(good.subarray(0, 1 + random(good.length)));
      for (let n = random(3); n > 0; n--) bytes[random(bytes.length)]! ^= 1 << random(8);
      const { records, goodBytes } = parseSegment(bytes);
      expect(goodBytes <= bytes.length && records.length <= 6).toBe(true);
      if (good.subarray(0, goodBytes).compare(bytes.subarray(0, goodBytes)) !== 0)
        throw new Error('a damaged record passed');
    }
    expect(parseSegment(good).goodBytes).toBe(3 * (recordBytes(6) + recordBytes(0)));
  });
});
