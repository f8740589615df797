import { describe, expect, it } from 'vitest';
import { type Allocation, allocate } from './allocate.ts';
import { lower } from './lower.ts';
import { parseModel } from './parse.ts';
import { buildModel, modelBytes, SHIPPED } from './testing.ts';

function overlaps(allocations: readonly Allocation[]): [Allocation, Allocation][] {
  return allocations.flatMap((a, i) =>
    allocations
      .slice(0, i)
      .filter(
        (b) => a.first <= b.last && b.first <= a.last && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes,
      )
      .map((b): [Allocation, Allocation] => [a, b]),
  );
}

describe.each(SHIPPED)('the arena of %s', (name) => {
  const graph = parseModel(modelBytes(name));
  const steps = lower(graph);

  it.each([false, true])('has no overlapping live blocks, with separate tensors %s', (separate) => {
    const { plan, scratch } = allocate(graph, steps, { separate });
    expect(overlaps(plan.allocations)).toEqual([]);
    for (const { offset, bytes } of plan.allocations) expect(offset + bytes).toBeLessThanOrEqual(plan.arenaBytes);
    steps.forEach((step, i) => {
      expect(scratch[i]!.bytes).toBeGreaterThanOrEqual(step.scratch.min);
      expect(scratch[i]!.bytes).toBeLessThanOrEqual(step.scratch.max);
    });
  });

  it('keeps inputs until they were read and outputs until the end', () => {
    const { plan } = allocate(graph, steps);
    const holding = (tensor: number) => plan.allocations.find(({ tensors }) => tensors.includes(tensor))!;
    for (const input of graph.inputs) expect(holding(input).first).toBe(0);
    for (const output of graph.outputs) expect(holding(output).last).toBe(steps.length - 1);
  });
});

describe('working in place', () => {
  const shape = [1, 64];
  const add = (a: number, b: number, out: number) => ({
    code: 0,
    inputs: [a, b],
    outputs: [out],
    options: { 0: ['int8', 0] as ['int8', number] },
  });
  const planOf = (tensors: number, operators: ReturnType<typeof add>[], inputs: number[], outputs: number[]) => {
    const graph = parseModel(
      buildModel(
        Array.from({ length: tensors }, () => ({ shape })),
        operators,
        inputs,
        outputs,
      ),
    );
    return allocate(graph, lower(graph)).plan;
  };

  it('reuses an operand that no later step needs', () => {
    expect(planOf(3, [add(0, 1, 2)], [0, 1], [2]).arenaBytes).toBe(128);
  });

  it('does not reuse an operand that is read later, or that is an output', () => {
    expect(planOf(4, [add(0, 0, 1), add(0, 1, 2)], [0], [2]).arenaBytes).toBe(128);
    expect(planOf(3, [add(0, 0, 1), add(1, 1, 2)], [0], [1, 2]).arenaBytes).toBe(128);
  });
});
