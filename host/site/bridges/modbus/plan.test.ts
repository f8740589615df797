import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sampled } from '../../../base/test-form.ts';
import { parseModbusMapping } from '../../config/index.ts';
import { type Poll, planPolls, splitPoll } from './plan.ts';

type Row = { address: number; type?: string; table?: string; length?: number; unitId?: number; pollMs?: number };

function registersOf(rows: readonly Row[]) {
  const registers = rows.map((row, i) => ({ device: 'm', name: `r${i}`, ...row }));
  return parseModbusMapping(JSON.stringify({ registers }), 'm.yaml', {});
}

function plan(rows: readonly Row[], maxRegisters = 125, maxGap = 8): Poll[] {
  return planPolls({ registers: registersOf(rows), maxRegisters, maxGap });
}
const spans = (polls: readonly Poll[]) => polls.map(({ table, address, count }) => `${table} ${address}+${count}`);

it('reads neighbours together, also over a small gap', () => {
  const rows = [{ address: 12, type: 'float32' }, { address: 0 }, { address: 1 }, { address: 5 }, { address: 23 }];
  expect(spans(plan(rows))).toEqual(['holding 0+14', 'holding 23+1']);
  expect(spans(plan(rows, 125, 0))).toEqual(['holding 0+2', 'holding 5+1', 'holding 12+2', 'holding 23+1']);
});

it('keeps units, tables and intervals apart', () => {
  const rows = [
    { address: 0 },
    { address: 1, unitId: 2 },
    { address: 2, table: 'input' },
    { address: 3, pollMs: 5000 },
    { address: 4, table: 'coil' },
  ];
  expect(spans(plan(rows))).toEqual(['holding 0+1', 'holding 1+1', 'input 2+1', 'holding 3+1', 'coil 4+1']);
});

it('stays within what the protocol and the device allow', () => {
  const many = Array.from({ length: 300 }, (_, address) => ({ address }));
  expect(spans(plan(many))).toEqual(['holding 0+125', 'holding 125+125', 'holding 250+50']);
  expect(spans(plan(many, 100))).toEqual(['holding 0+100', 'holding 100+100', 'holding 200+100']);
  const bits = Array.from({ length: 2001 }, (_, address) => ({ address, table: 'coil' }));
  expect(spans(plan(bits))).toEqual(['coil 0+2000', 'coil 2000+1']);
});

it('splits a request that a device refuses at its gaps, then into its values', () => {
  const [poll] = plan([{ address: 0 }, { address: 1 }, { address: 4 }]);
  const parts = splitPoll(poll!)!;
  expect(spans(parts)).toEqual(['holding 0+2', 'holding 4+1']);
  expect(spans(splitPoll(parts[0]!)!)).toEqual(['holding 0+1', 'holding 1+1']);
  expect(splitPoll(parts[1]!)).toBeNull();
});

it('reads each register of any mapping in one request that holds it', () => {
  const row = fc.oneof(
    fc.record({ address: fc.nat(400), type: fc.constantFrom('uint16', 'int32', 'float64'), unitId: fc.nat(1) }),
    fc.record({ address: fc.nat(400), type: fc.constant('string'), length: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ address: fc.nat(400), table: fc.constant('discrete') }),
  );
  const limits = fc.tuple(fc.integer({ min: 20, max: 125 }), fc.nat(120));
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), limits, (rows, [maxRegisters, maxGap]) => {
      const polls = plan(rows, maxRegisters, maxGap);
      const read = polls.flatMap((poll) => poll.places.flatMap(({ registers }) => registers));
      expect(read.map(({ register }) => register.name).sort()).toEqual(rows.map((_, i) => `r${i}`).sort());
      for (const poll of polls) {
        expect(poll.count).toBeLessThanOrEqual(poll.table === 'discrete' ? 16 * maxRegisters : maxRegisters);
        for (const part of [poll, ...(splitPoll(poll) ?? [])])
          for (const { address, count } of part.places) {
            expect(address).toBeGreaterThanOrEqual(part.address);
            expect(address + count).toBeLessThanOrEqual(part.address + part.count);
          }
      }
    }),
    { numRuns: sampled(200) },
  );
});
