import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FaultFolder } from './fault-folder.ts';
import { contents, inMemory, message, SIZE } from './testing.ts';

it('behaves like lists in memory under any sequence of calls', async () => {
  const command = fc.oneof(
    fc.record({
      do: fc.constant('put' as const),
      node: fc.nat(2),
      bytes: fc.nat(120),
      droppable: fc.boolean(),
    }),
    fc.record({ do: fc.constant('remove' as const), at: fc.nat(20) }),
    fc.record({ do: fc.constant('hold' as const), at: fc.nat(20) }),
    fc.record({ do: fc.constant('settle' as const) }),
    fc.record({ do: fc.constant('reopen' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
      let folder = new FaultFolder();
      const options = { maxStreamBytes: 1500, segmentBytes: 400, cacheBytes: 500 };
      let log = inMemory(folder, options);
      let model: { seq: number; name: string; text: string; size: number; droppable: boolean; held: boolean }[] = [];
      let count = 0;
      for (const c of commands) {
        if (c.do === 'put') {
          const name = `n${c.node}`;
          const text = `${count++}`.padEnd(c.bytes, '-').padEnd(3, '-');
          const size = SIZE - 3 + 1 + text.length + (text.length > 23 ? 1 : 0);
          const own = model.filter((m) => m.name === name);
          let free = 1500 - own.reduce((sum, m) => sum + m.size, 0);
          const going = own.filter((m) => {
            if (free >= size || !m.droppable || m.held) return false;
            free += m.size;
            return true;
          });
          const put = () => log.stream(name).put(message(text), { droppable: c.droppable, nowMs: 0 });
          if (free < size) expect(put).toThrow(/full/);
          else {
            const seq = put();
            model = model.filter((m) => !going.includes(m));
            model.push({ seq, name, text, size, droppable: c.droppable, held: false });
          }
        } else if (c.do === 'reopen') {
          await log.close();
          folder = folder.clone();
          log = inMemory(folder, options);
          for (const m of model) m.held = false;
        } else if (c.do === 'settle') await log.settled();
        else {
          const m = model[c.at % Math.max(1, model.length)];
          if (m === undefined) continue;
          if (c.do === 'hold') {
            log.stream(m.name).hold(m.seq);
            m.held = true;
          } else {
            log.stream(m.name).remove(m.seq);
            model.splice(model.indexOf(m), 1);
          }
        }
        expect(log.stats.waitingBytes).toBe(model.reduce((sum, m) => sum + m.size, 0));
      }
      await log.settled();
      const expected = ['n0', 'n1', 'n2'].flatMap((name) =>
        model.filter((m) => m.name === name).map(({ text }) => `${name}:${text}`),
      );
      expect(contents(log)).toEqual(expected);
      await log.close();
    }),
    { numRuns: 300 },
  );
});
