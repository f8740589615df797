/** `.tflite` -> AssemblyScript source + rom bytes. */
import { createHash } from 'node:crypto';
import { OperatorConstant } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import { type AllocateOptions, allocate, type Memory, type MemoryPlan } from './allocate.ts';
import { type Call, emit } from './emit.ts';
import { type Graph, type OperationName, operatorLabel, type Tensor, type TensorType } from './graph.ts';
import { lower } from './lower.ts';
import { parseModel } from './parse.ts';
import { encodeProgram, encodeRecords } from './record.ts';
import { RomBuilder } from './rom.ts';
import type { Kernel, Step } from './step.ts';

export interface CompileOptions {
  /** Name of the model, for comments and reports. */
  name: string;
  /** Offset of the model's rom within the module's, a multiple of 4; 0 by default. */
  romBase?: number;
  /** The path by which the generated file imports `assembly/nn`. */
  kernelPath?: string;
}

export interface TensorInfo {
  index: number;
  name: string;
  type: TensorType;
  shape: readonly number[];
  bytes: number;
  scales: readonly number[];
  zeroPoints: readonly number[];
}

/** One step of the run: an operator, or a part of one. */
export interface Layer {
  /** The operator's name in TensorFlow Lite, and its kernel (none if only memory is renamed). */
  op: OperationName;
  kernel: Kernel | null;
  /** Number of its operators in the program: one for each batch, none if only memory is renamed. */
  calls: number;
  name: string;
  macs: number;
  inputs: readonly TensorInfo[];
  outputs: readonly TensorInfo[];
  /** Rom bytes that this layer added: weights, tables, its record and its entry in the program. */
  romBytes: number;
  /** Arena bytes alive during it: tensors and scratch. */
  arenaBytes: number;
  scratchBytes: number;
}

export interface CompiledModel {
  name: string;
  source: string;
  rom: Uint8Array;
  arenaBytes: number;
  plan: MemoryPlan;
  layers: readonly Layer[];
  inputs: readonly TensorInfo[];
  outputs: readonly TensorInfo[];
  /** SHA-256 of the model file, hex. */
  digest: string;
}

export const DEFAULT_KERNEL_PATH = '../../../nn';
/** Limit of a module's rom. Weights only exceed it if a file refers to the same ones repeatedly. */
const MAX_ROM_BYTES = 512 << 20;

/** Throws `MODEL_*` errors, see `parseModel`, `lower` and `allocate`. */
export function compileModel(bytes: Uint8Array, options: CompileOptions): CompiledModel {
  return compileGraph(parseModel(bytes), options, createHash('sha256').update(bytes).digest('hex')).model;
}

export interface Compilation {
  model: CompiledModel;
  memory: Memory;
}

export function compileGraph(
  graph: Graph,
  options: CompileOptions,
  digest: string,
  how: AllocateOptions = {},
): Compilation {
  const romBase = options.romBase ?? 0;
  if (!Number.isInteger(romBase) || romBase < 0 || romBase % 4 !== 0) {
    throw new MoteError('ROM_BASE', `the rom base is ${romBase}, it must be a multiple of 4`);
  }
  const steps = lower(graph);
  const memory = allocate(graph, steps, how);
  const rom = new RomBuilder(romBase);
  const calls: Call[] = [];
  const layers = steps.map((step, i) => {
    const before = rom.size;
    const records = encodeRecords(step, {
      tensor: memory.offsetOf,
      scratch: memory.scratch[i]!.offset,
      scratchBytes: memory.scratch[i]!.bytes,
      rom: (data) => rom.add(data),
    });
    for (const record of records)
      calls.push({
        kernel: step.kernel,
        rom: rom.add(record),
        comment: describe(graph, step),
        work: step.work,
      });
    if (rom.size > MAX_ROM_BYTES)
      throw new MoteError(
        'MODEL_TOO_LARGE',
        `${operatorLabel(step.operator)} makes the rom larger than ${MAX_ROM_BYTES} bytes`,
      );
    return layer(
      graph,
      memory,
      step,
      i,
      records.length,
      rom.size - before + records.length * OperatorConstant.entryBytes,
    );
  });
  const arenaBytes = memory.plan.arenaBytes;
  const kernelPath = options.kernelPath ?? DEFAULT_KERNEL_PATH;
  const source = emit({
    name: options.name,
    graph,
    arenaBytes,
    calls,
    program: rom.add(encodeProgram(calls)),
    offsetOf: memory.offsetOf,
    kernelPath,
  });
  const info = (index: number) => tensorInfo(graph.tensors[index]!);
  const ends = { inputs: graph.inputs.map(info), outputs: graph.outputs.map(info) };
  return {
    model: { name: options.name, source, rom: rom.bytes(), arenaBytes, plan: memory.plan, layers, ...ends, digest },
    memory,
  };
}

function describe(graph: Graph, step: Step): string {
  const shapes = (indices: readonly number[]) =>
    indices.map((index) => graph.tensors[index]!.shape.join('x')).join(', ');
  return `${step.operator.operation.op} ${shapes(step.reads)} -> ${shapes(step.writes)}`;
}

function layer(graph: Graph, memory: Memory, step: Step, index: number, calls: number, romBytes: number): Layer {
  const alive = memory.plan.allocations.filter(({ first, last }) => first <= index && index <= last);
  return {
    op: step.operator.operation.op,
    kernel: calls > 0 ? step.kernel : null,
    calls,
    name: graph.tensors[step.writes[0]!]!.name,
    macs: step.macs,
    inputs: step.reads.map((tensor) => tensorInfo(graph.tensors[tensor]!)),
    outputs: step.writes.map((tensor) => tensorInfo(graph.tensors[tensor]!)),
    romBytes,
    arenaBytes: alive.reduce((sum, { bytes }) => sum + bytes, 0),
    scratchBytes: memory.scratch[index]!.bytes,
  };
}

function tensorInfo({ index, name, type, shape, bytes, quantization }: Tensor): TensorInfo {
  return {
    index,
    name,
    type,
    shape,
    bytes,
    scales: quantization?.scales ?? [],
    zeroPoints: quantization?.zeroPoints ?? [],
  };
}
