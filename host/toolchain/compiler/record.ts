/** Records of operators as they lie in rom: 32-bit little-endian words, in the order of `abi/operators.json`. */
import { ABI_OPERATORS, type FieldType, OPERATOR_FIELDS, type OperatorRecords } from '../../base/abi/index.ts';
import type { Addresses, Kernel, StepOf } from './step.ts';

/** The record of one operator. */
export function encodeRecord<K extends Kernel>(kernel: K, record: OperatorRecords[K]): Uint8Array {
  const values = record as { readonly [name in keyof OperatorRecords[K]]: number | readonly number[] };
  return encodeWords(
    OPERATOR_FIELDS[kernel].flatMap(([name, type]) => [values[name]].flat().map((value) => [value, type] as const)),
  );
}

/** The record of each call of a step. */
export function encodeRecords<K extends Kernel>({ kernel, records }: StepOf<K>, at: Addresses): Uint8Array[] {
  return records(at).map((record) => encodeRecord(kernel, record));
}

/** The table that `nn_run` takes: operator number and rom offset of the record of each call. */
export function encodeProgram(calls: readonly { kernel: Kernel; rom: number }[]): Uint8Array {
  return encodeWords(
    calls.flatMap(({ kernel, rom }) => [
      [ABI_OPERATORS[kernel], 'i32'],
      [rom, 'rom'],
    ]),
  );
}

function encodeWords(words: readonly (readonly [value: number, type: FieldType])[]): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach(([value, type], i) => {
    if (type === 'f32') view.setFloat32(4 * i, value, true);
    else view.setInt32(4 * i, value, true);
  });
  return bytes;
}
