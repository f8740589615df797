/** The parts of a compiled model as data, for `mote model inspect`, which prints them or writes them as JSON or as a page. */
import { type CompileOptions, compileModel, type Layer, type TensorInfo } from './compile.ts';

export interface ReportTensor {
  name: string;
  type: string;
  shape: readonly number[];
  bytes: number;
  /** One scale, or the number of scales if each channel has its own. */
  scale: number | null;
  scales: number;
  zeroPoint: number | null;
}

export interface ReportLayer {
  op: string;
  /** null if the operator costs nothing, because input and output share their memory. */
  kernel: string | null;
  name: string;
  inputs: readonly ReportTensor[];
  outputs: readonly ReportTensor[];
  macs: number;
  romBytes: number;
  arenaBytes: number;
  scratchBytes: number;
}

/** Bytes [offset, offset + bytes) of the arena during layers [first, last]. */
export interface ReportBlock {
  kind: 'input' | 'output' | 'tensor' | 'scratch';
  name: string;
  offset: number;
  bytes: number;
  first: number;
  last: number;
}

export interface ModelReport {
  name: string;
  /** SHA-256 of the model file, hex. */
  digest: string;
  fileBytes: number;
  romBytes: number;
  arenaBytes: number;
  macs: number;
  inputs: readonly ReportTensor[];
  outputs: readonly ReportTensor[];
  layers: readonly ReportLayer[];
  plan: readonly ReportBlock[];
}

/** Throws what `compileModel` throws. */
export function inspectModel(bytes: Uint8Array, options: CompileOptions): ModelReport {
  const model = compileModel(bytes, options);
  const names = new Map<number, string>();
  for (const { inputs, outputs } of model.layers)
    for (const tensor of [...inputs, ...outputs]) names.set(tensor.index, shortName(tensor.name));
  for (const tensor of [...model.inputs, ...model.outputs]) names.set(tensor.index, shortName(tensor.name));
  const inputs = new Set(model.inputs.map(({ index }) => index));
  const outputs = new Set(model.outputs.map(({ index }) => index));
  return {
    name: model.name,
    digest: model.digest,
    fileBytes: bytes.length,
    romBytes: model.rom.length,
    arenaBytes: model.arenaBytes,
    macs: model.layers.reduce((sum, { macs }) => sum + macs, 0),
    inputs: model.inputs.map(tensor),
    outputs: model.outputs.map(tensor),
    layers: model.layers.map(layer),
    plan: model.plan.allocations.map(({ kind, tensors, offset, bytes, first, last }) => ({
      kind:
        kind === 'scratch'
          ? kind
          : tensors.some((t) => inputs.has(t))
            ? 'input'
            : tensors.some((t) => outputs.has(t))
              ? 'output'
              : kind,
      name:
        kind === 'scratch'
          ? `scratch of layer ${first}`
          : tensors.map((index) => names.get(index) ?? `tensor ${index}`).join(' = '),
      offset,
      bytes,
      first,
      last,
    })),
  };
}

function tensor({ name, type, shape, bytes, scales, zeroPoints }: TensorInfo): ReportTensor {
  return {
    name: shortName(name),
    type,
    shape,
    bytes,
    scale: scales[0] ?? null,
    scales: scales.length,
    zeroPoint: zeroPoints[0] ?? null,
  };
}

function layer({ op, kernel, name, inputs, outputs, macs, romBytes, arenaBytes, scratchBytes }: Layer): ReportLayer {
  const ends = { inputs: inputs.map(tensor), outputs: outputs.map(tensor) };
  return { op, kernel, name: shortName(name), ...ends, macs, romBytes, arenaBytes, scratchBytes };
}

/** Converters join the names of fused operators with `;` and put scopes before `/`. The last part of the first name is the most useful. */
export function shortName(name: string): string {
  const first = name.split(';')[0]!.replace(/\p{C}/gu, '?');
  const parts = first.split('/').filter((part) => part !== '');
  const short = parts.slice(-2).join('/') || first || 'unnamed';
  return short.length > 48 ? `${short.slice(0, 45)}...` : short;
}

/** 1234567 -> `1.23 M`. */
export function countText(value: number): string {
  if (value < 1000) return String(value);
  const [scale, unit] = value < 1e6 ? [1e3, 'k'] : value < 1e9 ? [1e6, 'M'] : [1e9, 'G'];
  const scaled = value / scale;
  return `${scaled.toFixed(scaled < 10 ? 2 : scaled < 100 ? 1 : 0)} ${unit}`;
}

/** 12345 -> `12.3 kB`; a kB is 1000 bytes. */
export function bytesText(value: number): string {
  return value < 1000 ? `${value} B` : `${countText(value)}B`;
}

export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join('×');
}
