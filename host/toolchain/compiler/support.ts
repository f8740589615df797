/** What keeps a valid model from being compiled, all at once: operators without a kernel, by their names, and several subgraphs. */
import { ModelConstant } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import type { Table } from './flatbuffer.ts';
import { CUSTOM_OPERATOR, operatorName } from './operator-names.ts';
import { KERNELS } from './schema.ts';

/** Custom operators of known tools, with what to do about them. */
const CUSTOM_REMEDIES: readonly [RegExp, string][] = [
  [/^ethos-u$/, 'compiled by Vela: give the file from before'],
  [/^edgetpu-custom-op$/, 'compiled for Edge TPU: give the file from before'],
  [/^XC_/, 'compiled for xcore: give the file from before'],
  [/^Flex/, 'an operator of TensorFlow: convert with TFLITE_BUILTINS_INT8 only'],
];
/** Different operators that a message names; a hostile file can name many. */
const MAX_NAMED = 40;

/** Throws `MODEL_UNSUPPORTED` with everything that is in the way. */
export function checkSupport(
  codeTables: readonly Table[],
  codes: readonly number[],
  subgraphs: readonly Table[],
): void {
  const supported = new Set<string>(KERNELS);
  const missing = new Map<string, { count: number; first: string }>();
  subgraphs.forEach((subgraph, g) => {
    subgraph.tables(3, 'operator', ModelConstant.operators).forEach((table, i) => {
      const code = codes[table.uint32(0, 0)];
      // The reader of operators reports a code that isn't there.
      if (code === undefined || supported.has(operatorName(code))) return;
      const name = code === CUSTOM_OPERATOR ? customName(codeTables[table.uint32(0, 0)]!) : operatorName(code);
      const found = missing.get(name);
      if (found) found.count++;
      else missing.set(name, { count: 1, first: g === 0 ? `operator ${i}` : `operator ${i} of subgraph ${g}` });
    });
  });
  const obstacles: string[] = [];
  if (missing.size > 0) {
    const named = [...missing].slice(0, MAX_NAMED).map(([name, { count, first }]) => {
      return `${name} (${count === 1 ? first : `${count} times, first ${first}`})`;
    });
    if (missing.size > MAX_NAMED) named.push(`and ${missing.size - MAX_NAMED} more`);
    obstacles.push(`there are no kernels yet for ${named.join(', ')}: there are kernels for ${KERNELS.join(', ')}`);
  }
  if (subgraphs.length > 1) {
    obstacles.push(
      `the model has ${subgraphs.length} subgraphs (control flow or several signatures): give one with one`,
    );
  }
  if (obstacles.length > 0) throw new MoteError('MODEL_UNSUPPORTED', obstacles.join('; '));
}

function customName(code: Table): string {
  const name = code.text(1, 'name of a custom operator', ModelConstant.nameBytes).replace(/\p{C}/gu, '?').slice(0, 60);
  const remedy = CUSTOM_REMEDIES.find(([pattern]) => pattern.test(name))?.[1];
  return `custom operator "${name}"${remedy === undefined ? '' : `, ${remedy}`}`;
}
