/** What the compiler's tests share: models and goldens, random numbers that can be repeated, and tiny models built by hand. */
import { existsSync, readFileSync } from 'node:fs';
import { Builder } from 'flatbuffers';
import { packagePath } from '../paths.ts';

/** Models that ship with the package, and more that may lie beside it. */
export const SHIPPED = ['hello_world', 'micro_speech', 'kws', 'ad', 'person_detect'] as const;
export const OTHERS = ['ic', 'vww', 'sww', 'mobilenet_v2'] as const;

/** The folder of a model, undefined where it isn't there. */
export function modelFolder(name: string): string | undefined {
  const folders = [packagePath('models', name), packagePath('..', 'shared', 'models', name)];
  return folders.find((folder) => existsSync(folder));
}

export function modelBytes(name: (typeof SHIPPED)[number]): Uint8Array {
  return new Uint8Array(readFileSync(packagePath('models', name, 'model.tflite')));
}

/** 32 random bits a call. */
export function xorshift(seed: number): () => number {
  let x = seed | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

export interface TestTensor {
  shape: readonly number[];
  /** Type number of the schema; int8 (9) by default. */
  type?: number;
  scales?: readonly number[];
  zero?: number;
  data?: Uint8Array;
  name?: string;
}

export interface TestOperator {
  code: number;
  inputs: readonly number[];
  outputs: readonly number[];
  /** Option fields by number: [kind, value]. */
  options?: Readonly<Record<number, ['int8' | 'int32' | 'float32', number]>>;
}

/** A `.tflite` with one subgraph, written field by field. */
export function buildModel(
  tensors: readonly TestTensor[],
  operators: readonly TestOperator[],
  inputs: readonly number[],
  outputs: readonly number[],
): Uint8Array {
  const b = new Builder(1024);
  const offsets = (items: readonly number[]) => {
    b.startVector(4, items.length, 4);
    for (const item of [...items].reverse()) b.addOffset(item);
    return b.endVector();
  };
  const int32s = (items: readonly number[]) => {
    b.startVector(4, items.length, 4);
    for (const item of [...items].reverse()) b.addInt32(item);
    return b.endVector();
  };
  const buffers = [new Uint8Array(0), ...tensors.map(({ data }) => data ?? new Uint8Array(0))].map((data) => {
    const vector = data.length > 0 ? b.createByteVector(data) : 0;
    b.startObject(1);
    b.addFieldOffset(0, vector, 0);
    return b.endObject();
  });
  const tensorTables = tensors.map((tensor, i) => {
    const name = b.createString(tensor.name ?? `t${i}`);
    const shape = int32s(tensor.shape);
    const scales = tensor.scales ?? [0.5];
    b.startVector(4, scales.length, 4);
    for (const scale of [...scales].reverse()) b.addFloat32(scale);
    const scaleVector = b.endVector();
    b.startVector(8, scales.length, 8);
    for (let k = 0; k < scales.length; k++) b.addInt64(BigInt(tensor.zero ?? 0));
    const zeroVector = b.endVector();
    b.startObject(7);
    b.addFieldOffset(2, scaleVector, 0);
    b.addFieldOffset(3, zeroVector, 0);
    const quantization = b.endObject();
    b.startObject(8);
    b.addFieldOffset(0, shape, 0);
    b.addFieldInt8(1, tensor.type ?? 9, 0);
    b.addFieldInt32(2, i + 1, 0);
    b.addFieldOffset(3, name, 0);
    b.addFieldOffset(4, quantization, 0);
    return b.endObject();
  });
  const codes = [...new Set(operators.map(({ code }) => code))];
  const operatorTables = operators.map((operator) => {
    const ins = int32s(operator.inputs);
    const outs = int32s(operator.outputs);
    b.startObject(8);
    for (const [field, [kind, value]] of Object.entries(operator.options ?? {})) {
      // Defaults of the schema don't matter here: everything given is written.
      if (kind === 'int8') b.addFieldInt8(Number(field), value, -128);
      else if (kind === 'int32') b.addFieldInt32(Number(field), value, -(2 ** 31));
      else b.addFieldFloat32(Number(field), value, Number.NaN);
    }
    const options = b.endObject();
    b.startObject(5);
    b.addFieldInt32(0, codes.indexOf(operator.code), 0);
    b.addFieldOffset(1, ins, 0);
    b.addFieldOffset(2, outs, 0);
    b.addFieldOffset(4, options, 0);
    return b.endObject();
  });
  const codeTables = codes.map((code) => {
    b.startObject(4);
    b.addFieldInt8(0, Math.min(code, 127), 0);
    b.addFieldInt32(3, code, 0);
    return b.endObject();
  });
  const tensorVector = offsets(tensorTables);
  const operatorVector = offsets(operatorTables);
  const inputVector = int32s(inputs);
  const outputVector = int32s(outputs);
  b.startObject(5);
  b.addFieldOffset(0, tensorVector, 0);
  b.addFieldOffset(1, inputVector, 0);
  b.addFieldOffset(2, outputVector, 0);
  b.addFieldOffset(3, operatorVector, 0);
  const subgraph = b.endObject();
  const codeVector = offsets(codeTables);
  const subgraphs = offsets([subgraph]);
  const bufferVector = offsets(buffers);
  b.startObject(5);
  b.addFieldInt32(0, 3, 0);
  b.addFieldOffset(1, codeVector, 0);
  b.addFieldOffset(2, subgraphs, 0);
  b.addFieldOffset(4, bufferVector, 0);
  b.finish(b.endObject(), 'TFL3');
  return b.asUint8Array();
}
