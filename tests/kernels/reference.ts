/** The AssemblyScript kernels, compiled as in a module and run in V8, as the reference of the native kernels. */
import { ABI_OPERATORS, type AbiOperator, OPERATOR_FILES } from '../../host/base/abi/index.ts';
import { packageRoot } from '../../host/base/index.ts';
import { loadCompiler, readSource } from '../../host/toolchain/assembly/index.ts';
import { type Case, Dice, FILTER_BANK, MAX_BYTES, REAL_FFT } from './case-file.ts';
import * as generate from './operators.ts';

const ENTRY = `${Object.entries(OPERATOR_FILES)
  .map(([kernel, file]) => `export { ${kernel} } from './assembly/nn/${file}';`)
  .join('\n')}
import * as fft from './assembly/dsp/fft';
import * as bank from './assembly/dsp/filter_bank';
import { part, place } from './assembly/memory';
const a = part<i16>();
const b = part<i16>();
const c = part<i16>();
const from = part<i32>();
const to = part<i32>();
export function realFft(src: usize, dst: usize, twiddles: usize, points: i32): void {
  fft.realFft(place(a, src, points), place(b, dst, points + 2), place(c, twiddles, points * 3 / 2), points);
}
export function filterBank(energy: usize, edges: usize, weights: usize, channels: i32, shift: i32, dst: usize): void {
  const bins = <i32>load<u16>(edges + ((channels + 1) << 1)) - <i32>load<u16>(edges);
  place(a, edges, channels + 2);
  bank.filterBank(place(from, energy, bins), a, place(b, weights, bins * 2), shift, place(to, dst, channels));
}
import './assembly/mote/abort';
const space = memory.data(${MAX_BYTES}, 16);
/** Address of a case's memory in the module's memory. */
export function base(): usize { return space; }
export function memory_bytes(): usize { return __heap_base; }
`;

type Functions = Record<string, (...values: number[]) => number>;

const GENERATORS: Record<AbiOperator, (kind: number, dice: Dice) => Case> = {
  add: generate.add,
  average_pool2d: generate.pool,
  constant: generate.constant,
  conv2d: generate.conv2d,
  copy: generate.copy,
  depthwise_conv2d: generate.depthwiseConv2d,
  dequantize: generate.dequantize,
  fully_connected: generate.fullyConnected,
  lookup: generate.lookup,
  max_pool2d: generate.pool,
  mean: generate.mean,
  pad: generate.pad,
  quantize: generate.quantize,
  softmax: generate.softmax,
  transpose: generate.transpose,
};

export class Reference {
  private readonly functions: Functions;
  private readonly base: number;
  private readonly memory: Uint8Array;
  private readonly rom: Uint8Array;
  private readonly names: ReadonlyMap<number, string>;

  private constructor(exports: WebAssembly.Exports, rom: Uint8Array, names: ReadonlyMap<number, string>) {
    this.functions = exports as Functions;
    this.base = this.functions.base!();
    this.memory = new Uint8Array((exports.memory as WebAssembly.Memory).buffer, this.base, MAX_BYTES);
    this.rom = rom;
    this.names = names;
  }

  static async load(): Promise<Reference> {
    const { compileModule } = await loadCompiler();
    const { wasm } = await compileModule({
      target: 'model',
      entry: 'entry.ts',
      readFile: (name) => (name === 'entry.ts' ? ENTRY : readSource(packageRoot, name)),
      library: 'assembly',
    });
    const module = new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>);
    const rom = new Uint8Array(MAX_BYTES);
    const memory = (): Uint8Array => new Uint8Array((instance.exports.memory as WebAssembly.Memory).buffer);
    const romRead = (offset: number, to: number, bytes: number): number => {
      if (offset < 0 || bytes < 0 || offset + bytes > rom.length) return -1;
      memory().set(rom.subarray(offset, offset + bytes), to);
      return 0;
    };
    // A host without native kernels, so the portable ones run.
    const none = () => 0;
    const mote = { log: none, rom_read: romRead, nn_run: none, nn_real_fft: none, nn_filter_bank: none };
    const instance = new WebAssembly.Instance(module, { mote });
    const names = new Map<number, string>(Object.entries(ABI_OPERATORS).map(([name, number]) => [number, name]));
    // Kernels charge fuel for their work: provide more than any of them needs.
    (instance.exports.fuel as WebAssembly.Global).value = 1n << 62n;
    return new Reference(instance.exports, rom, names);
  }

  /** Runs the case; returns its words with the checksum of the output. */
  run(test: Case): Uint32Array {
    test.prepare(this.memory, this.rom);
    const at = test.callArguments;
    const pointer = (i: number) => this.base + at[i]!;
    if (test.kind === REAL_FFT) this.functions.realFft!(pointer(0), pointer(1), pointer(2), at[3]!);
    else if (test.kind === FILTER_BANK)
      this.functions.filterBank!(pointer(0), pointer(1), pointer(2), at[3]!, at[4]!, pointer(5));
    else this.functions[this.names.get(test.kind)!]!(pointer(0), test.recordOffset);
    return test.encode(this.memory);
  }
}

/** Returns a file of cases: `count` of each operator and of the two signal kernels, from one seed. */
export async function caseFile(count: number, seed: number, only?: readonly string[]): Promise<Uint8Array> {
  const reference = await Reference.load();
  const makers = [
    ...(Object.keys(GENERATORS) as AbiOperator[]).map((kernel) => ({
      name: kernel as string,
      make: (dice: Dice) => GENERATORS[kernel](ABI_OPERATORS[kernel], dice),
    })),
    { name: 'real_fft', make: generate.realFft },
    { name: 'filter_bank', make: generate.filterBank },
  ].filter(({ name }) => only === undefined || only.includes(name));
  const chunks: Uint8Array[] = [];
  for (const [i, { make }] of makers.entries()) {
    const dice = new Dice(seed + 1000 * i);
    for (let made = 0; made < count; ) {
      const test = make(dice);
      if (!test.fits) continue;
      const words = reference.run(test);
      chunks.push(new Uint8Array(words.buffer));
      made++;
    }
  }
  return Buffer.concat([...chunks, new Uint8Array(4)]);
}
