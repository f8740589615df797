/** Helpers for tests of the compiler: models and goldens, repeatable random numbers, and tiny models built by hand. */
import { existsSync, readFileSync } from 'node:fs';
import { packagePath } from '../../base/index.ts';
import { type Field, type Fields, writeFlatbuffer } from './flatbuffer-writer.ts';

/** Models that ship with the package, and more that may lie beside it. */
export const SHIPPED = ['hello_world', 'micro_speech', 'kws', 'ad', 'person_detect'] as const;
export const OTHERS = ['ic', 'vww', 'sww', 'mobilenet_v2'] as const;

/** The folder of a model; undefined if it doesn't exist. */
export function modelFolder(name: string): string | undefined {
  const folders = [packagePath('models', name), packagePath('..', 'shared', 'models', name)];
  return folders.find((folder) => existsSync(folder));
}

export function modelBytes(name: (typeof SHIPPED)[number]): Uint8Array {
  return new Uint8Array(readFileSync(packagePath('models', name, 'model.tflite')));
}

/** 32 random bits for each call. */
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
  /** Which table of options it is, a value of the schema's union; the compiler knows by the code, the reference doesn't. */
  optionsType?: number;
  /** Name of a custom operator, whose code is 32. */
  custom?: string;
}

/** A `.tflite` with one subgraph, written field by field. */
export function buildModel(
  tensors: readonly TestTensor[],
  operators: readonly TestOperator[],
  inputs: readonly number[],
  outputs: readonly number[],
): Uint8Array {
  const int32 = (value: number): Field => ({ kind: 'int32', value });
  const int32s = (values: readonly number[]): Field => ({ kind: 'int32s', values });
  const text = (value: string): Field => ({ kind: 'bytes', bytes: new TextEncoder().encode(value) });
  const tables = (items: readonly Fields[]): Field => ({ kind: 'tables', items });
  const keyOf = ({ code, custom }: TestOperator) => `${code} ${custom ?? ''}`;
  const codes = [...new Map(operators.map((operator) => [keyOf(operator), operator])).values()];
  const keys = codes.map(keyOf);
  const tensorTables = tensors.map(({ shape, type, scales = [0.5], zero = 0, name }, i): Fields => {
    const zeros = scales.map(() => zero);
    const quantization: Fields = { 2: { kind: 'float32s', values: scales }, 3: { kind: 'int64s', values: zeros } };
    const typeField: Field = { kind: 'int8', value: type ?? 9 };
    return {
      0: int32s(shape),
      1: typeField,
      2: int32(i + 1),
      3: text(name ?? `t${i}`),
      4: { kind: 'table', fields: quantization },
    };
  });
  const operatorTables = operators.map((operator): Fields => {
    const { inputs: reads, outputs: writes, options = {}, optionsType } = operator;
    const fields = Object.fromEntries(
      Object.entries(options).map(([field, [kind, value]]) => [field, { kind, value }]),
    );
    const type: Fields = optionsType === undefined ? {} : { 3: { kind: 'int8', value: optionsType } };
    return {
      0: int32(keys.indexOf(keyOf(operator))),
      1: int32s(reads),
      2: int32s(writes),
      ...type,
      4: { kind: 'table', fields },
    };
  });
  const codeTables = codes.map(({ code, custom }): Fields => {
    const name: Fields = custom === undefined ? {} : { 1: text(custom) };
    return { 0: { kind: 'int8', value: Math.min(code, 127) }, ...name, 3: int32(code) };
  });
  // Buffer 0 is the schema's "no contents".
  const buffers = [undefined, ...tensors.map(({ data }) => data)].map(
    (data): Fields => (data ? { 0: { kind: 'bytes', bytes: data } } : {}),
  );
  const subgraph: Fields = {
    0: tables(tensorTables),
    1: int32s(inputs),
    2: int32s(outputs),
    3: tables(operatorTables),
  };
  return writeFlatbuffer({ 0: int32(3), 1: tables(codeTables), 2: tables([subgraph]), 4: tables(buffers) }, 'TFL3');
}
