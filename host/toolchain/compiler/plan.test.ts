import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALIGNMENT, align, type Buffer, largestGap, lowerBound, meet, plan } from './plan.ts';

const buffers = fc.array(
  fc
    .record({ bytes: fc.integer({ min: 1, max: 5000 }), first: fc.nat(30), length: fc.nat(8) })
    .map(({ bytes, first, length }): Buffer => ({ bytes, first, last: first + length })),
  { minLength: 1, maxLength: 25 },
);

describe('plan', () => {
  it('never lets two live buffers overlap, and stays between its bounds', () => {
    fc.assert(
      fc.property(buffers, (all) => {
        const { offsets, bytes } = plan(all);
        all.forEach((a, i) => {
          expect(offsets[i]! % ALIGNMENT).toBe(0);
          expect(offsets[i]! + a.bytes).toBeLessThanOrEqual(bytes);
          for (let j = 0; j < i; j++) {
            const b = all[j]!;
            const apart = offsets[i]! + a.bytes <= offsets[j]! || offsets[j]! + b.bytes <= offsets[i]!;
            if (meet(a, b) && !apart) throw new Error(`buffers ${j} and ${i} overlap`);
          }
        });
        expect(bytes).toBeGreaterThanOrEqual(lowerBound(all));
        expect(bytes).toBeLessThanOrEqual(all.reduce((sum, buffer) => sum + align(buffer.bytes), 0));
      }),
      { numRuns: 1000 },
    );
  });

  it('finds free ranges without live buffers', () => {
    fc.assert(
      fc.property(buffers, fc.nat(24), (all, pick) => {
        const index = pick % all.length;
        const placement = plan(all);
        const gap = largestGap(all, placement, index);
        expect(gap.offset + gap.bytes).toBeLessThanOrEqual(placement.bytes);
        expect(gap.bytes).toBeGreaterThanOrEqual(align(all[index]!.bytes));
        all.forEach((other, i) => {
          if (i === index || !meet(other, all[index]!)) return;
          const at = placement.offsets[i]!;
          expect(at + other.bytes <= gap.offset || gap.offset + gap.bytes <= at).toBe(true);
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('returns the same plan every time', () => {
    fc.assert(
      fc.property(buffers, (all) => void expect(plan(all)).toEqual(plan(all))),
      { numRuns: 50 },
    );
  });

  it('reuses the memory of buffers that are no longer live', () => {
    const chain = [0, 1, 2, 3].map((first) => ({ bytes: 1000, first, last: first + 1 }));
    expect(plan(chain).bytes).toBe(2000);
  });
});
