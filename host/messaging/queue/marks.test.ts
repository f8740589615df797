/** Marks by which the log recognises what was put before, over restarts and power cuts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampled } from '../../base/test-form.ts';
import type { DurableLog } from './durable-log.ts';
import { FaultFolder } from './fault-folder.ts';
import { MARKS_PER_STREAM, MemoryOutbox } from './outbox.ts';
import { inMemory, message, must } from './testing.ts';

const SMALL = { segmentBytes: 400, cacheBytes: 500 };
const marked = (mark: string) => ({ ...must, mark });
/** Puts and removes messages of another node, until files were replaced. */
async function traffic(log: DurableLog, count: number) {
  const other = log.stream('other');
  for (let i = 0; i < count; i++) {
    const seq = other.put(message('x'.repeat(60)), must);
    await log.settled();
    other.remove(seq);
  }
  await log.settled();
}

describe('marks', () => {
  it('are known while their message waits, after it has left, and after a restart, of the stream that has them', async () => {
    let folder = new FaultFolder();
    let log = inMemory(folder);
    const seq = log.stream('n').put(message('a'), marked('m1'));
    expect([log.stream('n').knows('m1'), log.stream('o').knows('m1')]).toEqual([true, false]);
    await log.settled();
    log.stream('n').remove(seq);
    await log.close();
    folder = folder.clone();
    log = inMemory(folder);
    expect(log.stats.waiting).toBe(0);
    expect([log.stream('n').knows('m1'), log.stream('o').knows('m1')]).toEqual([true, false]);
  });

  it('survive that the files with their messages are deleted or merged, on a disk that stays small', async () => {
    let folder = new FaultFolder();
    for (let run = 0; run < 3; run++) {
      const log = inMemory(folder, SMALL);
      if (run === 0) {
        const seqs = Array.from({ length: 5 }, (_, i) => log.stream('n').put(message('a'), marked(`m${i}`)));
        log.stream('n').put(message('stays'), marked('m5'));
        await log.settled();
        for (const seq of seqs) log.stream('n').remove(seq);
      }
      await traffic(log, 100);
      for (let i = 0; i < 6; i++) expect([run, i, log.stream('n').knows(`m${i}`)]).toEqual([run, i, true]);
      expect(log.stats.diskBytes).toBeLessThan(5000);
      await log.close();
      folder = folder.clone();
    }
  });

  it('are as many as a stream may have, and the oldest go', async () => {
    for (const outbox of [inMemory(new FaultFolder()).stream('n'), new MemoryOutbox()]) {
      for (let i = 0; i <= MARKS_PER_STREAM; i++) outbox.put(message('a'), marked(`${i}`));
      expect([outbox.knows('0'), outbox.knows('1'), outbox.knows(`${MARKS_PER_STREAM}`)]).toEqual([false, true, true]);
    }
  });

  it('of a million streams take a limited memory and disk', async () => {
    const log = inMemory(new FaultFolder(), SMALL);
    for (let i = 0; i < 17_000; i++) {
      const stream = log.stream(`n${i}`);
      stream.remove(stream.put(message('a'), marked('m')));
    }
    await log.settled();
    expect([log.stream('n0').knows('m'), log.stream('n16999').knows('m')]).toEqual([false, true]);
  });

  it('that are written anew are not known without their message, wherever the power fails', async () => {
    let merged = false;
    for (let cut = 5; cut < 200; cut++) {
      const folder = new FaultFolder();
      const log = inMemory(folder, SMALL);
      const stream = log.stream('n');
      const seqs: number[] = [];
      const durable = new Set<number>();
      const put = () => void seqs.push(stream.put(message('x'.repeat(30)), marked(`m${seqs.length}`)));
      // While a commit replaces files, another message waits to be written.
      stream.onReady(() => {
        for (const seq of seqs) {
          if (stream.get(seq) === undefined || seq > log.committed) continue;
          durable.add(seq);
          if (durable.size % 5 > 0) stream.remove(seq);
        }
        if (seqs.length < 60) put();
      });
      folder.cutAfter(cut);
      put();
      for (let i = 0; i < 400 && !folder.dead; i++) await new Promise((resolve) => setImmediate(resolve));
      log.abort();
      merged ||= folder.list().some((name) => name === '0000000003.log') && !folder.list().includes('0000000001.log');
      const after = inMemory(
        folder.survivor(() => 0),
        SMALL,
      ).stream('n');
      for (const [i, seq] of seqs.entries()) {
        if (durable.has(seq)) expect([cut, i, after.knows(`m${i}`)]).toEqual([cut, i, true]);
        else if (after.knows(`m${i}`)) expect([cut, i, after.get(seq)?.seq]).toEqual([cut, i, seq]);
      }
    }
    expect(merged).toBe(true);
  });

  it('are known after a power cut at any moment exactly if their message was on the medium', async () => {
    const command = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant('put' as const), node: fc.nat(2), bytes: fc.nat(120) }) },
      fc.record({ do: fc.constant('remove' as const), at: fc.nat(20) }),
      fc.record({ do: fc.constant('settle' as const) }),
      fc.record({ do: fc.constant('traffic' as const), count: fc.nat(8) }),
      fc.record({ do: fc.constant('reopen' as const) }),
    );
    const keeps = fc.array(fc.constantFrom(0, 0.5, 1), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 40 }), fc.nat(200), keeps, async (commands, cutAfter, keep) => {
        let folder = new FaultFolder();
        let log = inMemory(folder, SMALL);
        /** By mark: the seq, the node, and whether it was acknowledged. */
        const put = new Map<string, { seq: number; name: string; settled: boolean }>();
        folder.cutAfter(cutAfter);
        const settle = async () => {
          const wait = log.settled();
          if (wait !== undefined) {
            let done = false;
            const settled = wait.then(() => {
              done = true;
            });
            const off = (async () => {
              while (!done && !folder.dead) await new Promise((resolve) => setImmediate(resolve));
            })();
            await Promise.race([settled, off]);
          }
          if (!folder.dead) for (const each of put.values()) each.settled = true;
        };
        for (const c of commands) {
          if (folder.dead) break;
          if (c.do === 'put') {
            const [name, mark] = [`n${c.node}`, `m${put.size}`];
            const seq = log.stream(name).put(message('x'.repeat(c.bytes)), marked(mark));
            put.set(mark, { seq, name, settled: false });
          } else if (c.do === 'remove') {
            // As a delivery does: only what is durable was sent.
            const durable = [...put.values()].filter(({ settled }) => settled);
            const each = durable[c.at % Math.max(1, durable.length)];
            if (each !== undefined) log.stream(each.name).remove(each.seq);
          } else if (c.do === 'settle') await settle();
          else if (c.do === 'reopen') {
            await log.close();
            if (folder.dead) break;
            for (const each of put.values()) each.settled = true;
            folder = folder.clone();
            log = inMemory(folder, SMALL);
          } else {
            const other = log.stream('other');
            for (let i = 0; i < c.count && !folder.dead; i++) {
              other.remove(other.put(message('x'.repeat(60)), must));
              await settle();
            }
          }
        }
        log.abort();
        let n = 0;
        const after = inMemory(
          folder.survivor(() => keep[n++ % keep.length]!),
          SMALL,
        );
        for (const [mark, { seq, name, settled }] of put) {
          const stream = after.stream(name);
          if (settled) expect([mark, stream.knows(mark)]).toEqual([mark, true]);
          // An event whose mark is known is never published again, so its message must be there.
          else if (stream.knows(mark)) expect([mark, stream.get(seq)?.seq]).toEqual([mark, seq]);
        }
        after.abort();
      }),
      { numRuns: sampled(500) },
    );
  });
});
