/** Assigns every tensor and every step's scratch a place in the arena. */
import { MoteError } from '../../base/index.ts';
import { type Graph, type Tensor, tensorLabel } from './graph.ts';
import { align, type Buffer, largestGap, lowerBound, type Placement, plan } from './plan.ts';
import type { Scratch, Step } from './step.ts';

/** One rectangle of the memory plan: bytes [offset, offset + bytes) during steps [first, last]. */
export interface Allocation {
  kind: 'tensor' | 'scratch';
  /** Tensors that share the place, in the order they are written; none for scratch. */
  tensors: readonly number[];
  offset: number;
  bytes: number;
  first: number;
  last: number;
}

export interface MemoryPlan {
  arenaBytes: number;
  /** Steps of the plan; model inputs live from step 0 on, model outputs until the last. */
  steps: number;
  allocations: readonly Allocation[];
}

export interface Memory {
  plan: MemoryPlan;
  offsetOf(tensor: number): number;
  scratch: readonly { offset: number; bytes: number }[];
}

export interface AllocateOptions {
  /** Every tensor keeps its own memory for the whole run, so that it can be read afterwards. */
  separate?: boolean;
}

const MAX_ARENA_BYTES = 64 << 20;

interface Place extends Buffer {
  kind: Allocation['kind'];
  tensors: number[];
}

/** Throws `MODEL_TOO_LARGE` when no arena of at most 64 MiB holds the model. */
export function allocate(graph: Graph, steps: readonly Step[], options: AllocateOptions = {}): Memory {
  const { places, placeOf } = tensorPlaces(graph, steps, options.separate ?? false);
  const scratchPlaces: number[] = [];
  steps.forEach((step, i) => {
    scratchPlaces.push(places.length);
    places.push({ kind: 'scratch', tensors: [], bytes: step.scratch.min, first: i, last: i });
  });
  const used = places.filter(({ bytes }) => bytes > 0);
  const placement = options.separate ? sideBySide(used) : plan(used);
  if (placement.bytes > MAX_ARENA_BYTES) {
    throw new MoteError(
      'MODEL_TOO_LARGE',
      `the model needs ${placement.bytes} bytes for its tensors, at most ${MAX_ARENA_BYTES} are possible`,
    );
  }
  const position = new Map(used.map((place, i) => [place, i]));
  const offsets = [...placement.offsets];
  const scratchIndex = steps.map((_, i) => position.get(places[scratchPlaces[i]!]!));
  const extent = () => used.reduce((most, { bytes }, i) => Math.max(most, offsets[i]! + bytes), 0);
  const grow = (limit: number, level: 'good' | 'max') => {
    steps.forEach((step, i) => {
      const index = scratchIndex[i];
      if (index === undefined) return;
      const gap = largestGap(used, { offsets, bytes: limit }, index);
      used[index]!.bytes = scratchBytes(step.scratch, Math.min(gap.bytes, step.scratch[level]));
      offsets[index] = gap.offset;
    });
  };
  // Small tiles justify a little more memory. Larger ones use only what the tensors of their step leave free.
  if (!options.separate) grow(Math.max(placement.bytes, generous(used)), 'good');
  const arenaBytes = extent();
  grow(arenaBytes, 'max');
  const scratch = scratchIndex.map((index) =>
    index === undefined ? { offset: 0, bytes: 0 } : { offset: offsets[index]!, bytes: used[index]!.bytes },
  );
  const offsetOf = (tensor: number) => offsets[position.get(placeOf.get(tensor)!)!]!;
  const allocations = used.map(
    ({ kind, tensors, bytes, first, last }, i): Allocation => ({
      kind,
      tensors,
      offset: offsets[i]!,
      bytes,
      first,
      last,
    }),
  );
  return { plan: { arenaBytes, steps: steps.length, allocations }, offsetOf, scratch };
}

/** The most of `available` that the step can use. */
function scratchBytes({ min, unit }: Scratch, available: number): number {
  return min + unit * Math.floor((available - min) / unit);
}

/** The minimum for the tensors plus a tenth, to have larger tiles, which are read less often. */
function generous(places: readonly Place[]): number {
  return align(Math.floor(lowerBound(places.filter(({ kind }) => kind === 'tensor')) * 1.1));
}

/** Buffers of the tensors: one for each, or one for several if a step may work in place. */
function tensorPlaces(graph: Graph, steps: readonly Step[], separate: boolean) {
  const lastUse = new Map<number, number>();
  steps.forEach((step, i) => {
    for (const tensor of [...step.reads, ...step.writes]) lastUse.set(tensor, i);
  });
  const end = Math.max(steps.length - 1, 0);
  for (const output of graph.outputs) lastUse.set(output, end);

  const places: Place[] = [];
  const placeOf = new Map<number, Place>();
  const add = (tensor: Tensor, first: number) => {
    const last = separate ? end : (lastUse.get(tensor.index) ?? first);
    const place: Place = {
      kind: 'tensor',
      tensors: [tensor.index],
      bytes: align(tensor.bytes),
      first: separate ? 0 : first,
      last,
    };
    places.push(place);
    placeOf.set(tensor.index, place);
  };
  for (const input of graph.inputs) add(graph.tensors[input]!, 0);
  for (const output of graph.outputs) {
    if (graph.tensors[output]!.data !== undefined) {
      throw new MoteError('MODEL_UNSUPPORTED', `the model output ${tensorLabel(graph.tensors[output]!)} is a constant`);
    }
  }
  steps.forEach((step, i) => {
    for (const output of step.writes) {
      const tensor = graph.tensors[output]!;
      const host = separate ? undefined : hostOf(graph, step, i, placeOf, tensor);
      if (host === undefined) {
        add(tensor, i);
        continue;
      }
      host.tensors.push(output);
      host.last = Math.max(host.last, lastUse.get(output) ?? i);
      placeOf.set(output, host);
    }
  });
  return { places, placeOf };
}

/** The buffer that a step's output may reuse, if any. A model output is not overwritten, but may have a second name. */
function hostOf(
  graph: Graph,
  step: Step,
  index: number,
  placeOf: ReadonlyMap<number, Place>,
  output: Tensor,
): Place | undefined {
  return step.inPlace
    .map((input) => placeOf.get(input)!)
    .find((place) => {
      if (place.bytes !== align(output.bytes)) return false;
      const free = place.last === index && !place.tensors.some((tensor) => graph.outputs.includes(tensor));
      return step.kernel === 'copy' || free;
    });
}

/** Places buffers one after another, for a run whose tensors are all read afterwards. */
function sideBySide(buffers: readonly Buffer[]): Placement {
  let bytes = 0;
  const offsets = buffers.map((buffer) => {
    const offset = bytes;
    bytes += align(buffer.bytes);
    return offset;
  });
  return { offsets, bytes };
}
