import { describe, expect, it } from 'vitest';
import { ABI_EXPORTS, ABI_VERSION } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import { cases, casesText, FULL } from '../../base/test-form.ts';
import { MAX_LOCALS, MAX_NESTING } from './code.ts';
import { checkAbi, validateModule } from './index.ts';
import { mutate, random } from './mutate.ts';
import { SEED_MODULES } from './seeds.ts';
import { wat } from './testing.ts';

const MEMORY = '(memory $m 1) (export "memory" (memory $m))';

interface Parts {
  abi?: string;
  memoryBytes?: string;
  memory?: string;
  step?: string;
  imports?: string;
  more?: string;
}

/** Returns an app's module, with parts replaced. */
function app(parts: Parts = {}): Uint8Array {
  const {
    abi = `(global $v i32 (i32.const ${ABI_VERSION})) (export "abi_version" (global $v))`,
    memoryBytes = '(global $b i32 (i32.const 100)) (export "memory_bytes" (global $b))',
    memory = MEMORY,
    step = '(func (export "step") (param i64) (result i64) (local.get 0))',
    imports = '(import "mote" "time_now" (func $now (result i64)))',
    more = '',
  } = parts;
  return wat(`(module ${imports} ${memory} ${abi} ${memoryBytes} (func (export "init") (result i32) (i32.const 0)) ${step}
    (func (export "on_message") (param i32 i32)) (func (export "health") (result i32) (i32.const 1)) ${more})`);
}

const abiOf = (version: number) => `(global $v i32 (i32.const ${version})) (export "abi_version" (global $v))`;
const bytesOf = (bytes: number) => `(global $b i32 (i32.const ${bytes})) (export "memory_bytes" (global $b))`;

describe('validateModule', () => {
  it('returns the properties of a valid app', () => {
    const info = validateModule(
      app({ more: '(data (i32.const 10) "abc") (global $f (mut i64) (i64.const 0)) (export "fuel" (global $f))' }),
    );
    expect(info).toMatchObject({ abi: ABI_VERSION, memoryBytes: 100, memoryPages: 1, hasFuel: true, dataEnd: 13 });
    expect(info.imports).toEqual([{ module: 'mote', name: 'time_now', type: { params: [], result: 'i64' } }]);
    expect([...info.functions.keys()].sort()).toEqual(Object.keys(ABI_EXPORTS).sort());
    expect(WebAssembly.validate(info.stripped)).toBe(true);
  });

  it('accepts modules that were built for 1.0', () => {
    expect(validateModule(app({ abi: abiOf(65536) })).abi).toBe(65536);
  });

  it('removes custom sections before an engine gets the module', () => {
    const named = wat('(module (func $a_name (export "f")))', { names: true });
    expect(Buffer.from(named).includes('a_name')).toBe(true);
    expect(Buffer.from(validateModule(named, { profile: 'harness' }).stripped).includes('a_name')).toBe(false);
  });

  it.each<[string, string, Parts]>([
    [
      'WASM_ABI',
      'module was built for ABI 2.0, this host has 1.1: update the host or rebuild the module',
      { abi: abiOf(131072) },
    ],
    ['WASM_ABI', 'ABI 1.2, this host has 1.1', { abi: abiOf(65538) }],
    ['WASM_ABI', 'ABI 0.9', { abi: abiOf(9) }],
    ['WASM_EXPORT', 'abi_version', { abi: '' }],
    [
      'WASM_EXPORT',
      'not as an immutable i32',
      { abi: '(global $v (mut i32) (i32.const 65536)) (export "abi_version" (global $v))' },
    ],
    [
      'WASM_EXPORT',
      'not as an immutable i32',
      { abi: '(global $v i64 (i64.const 65536)) (export "abi_version" (global $v))' },
    ],
    ['WASM_EXPORT', 'memory_bytes', { memoryBytes: '' }],
    ['WASM_MEMORY', 'declares 65537 bytes', { memoryBytes: bytesOf(65537) }],
    ['WASM_MEMORY', 'fills 103', { more: '(data (i32.const 100) "abc")' }],
    ['WASM_MEMORY', "doesn't export its memory", { memory: '(memory 1)' }],
    ['WASM_EXPORT', "doesn't export the function step(i64) -> i64", { step: '' }],
    ['WASM_EXPORT', 'exports step as (i32)', { step: '(func (export "step") (param i32))' }],
    ['WASM_EXPORT', 'not as a mutable i64', { more: '(global $f i64 (i64.const 0)) (export "fuel" (global $f))' }],
    ['WASM_IMPORT', 'mote.fly, which ABI 1.1', { imports: '(import "mote" "fly" (func))' }],
    ['WASM_IMPORT', 'mote.constructor', { imports: '(import "mote" "constructor" (func))' }],
    ['WASM_IMPORT', 'env.abort', { imports: '(import "env" "abort" (func (param i32 i32 i32 i32)))' }],
    ['WASM_IMPORT', 'mote.time_now as () -> i32', { imports: '(import "mote" "time_now" (func (result i32)))' }],
    ['WASM_IMPORT', 'not a function', { imports: '(import "mote" "g" (global i32))' }],
    ['WASM_IMPORT', 'not a function', { memory: '', imports: '(import "mote" "memory" (memory 1))' }],
    ['WASM_FEATURE', 'start function', { more: '(func $s) (start $s)' }],
    ['WASM_FEATURE', 'grows its memory', { more: '(func (drop (memory.grow (i32.const 1))))' }],
    ['WASM_FEATURE', 'passive', { more: '(data "abc")' }],
    ['WASM_LIMIT', 'locals', { more: `(func (local ${'i32 '.repeat(MAX_LOCALS + 1)}))` }],
    [
      'WASM_LIMIT',
      'blocks',
      { more: `(func (param i32) ${'(if (local.get 0) (then '.repeat(MAX_NESTING)}${'))'.repeat(MAX_NESTING)})` },
    ],
    ['WASM_LIMIT', 'parameters', { more: `(func (param ${'i32 '.repeat(65)}))` }],
    ['WASM_LIMIT', 'table', { more: '(table 65537 funcref)' }],
  ])('rejects with %s: %s', (code, text, parts) => {
    const act = () => validateModule(app(parts));
    expect(act).toThrow(MoteError);
    expect(act).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) }));
  });

  it.each([
    ['bytes that are not a module', Uint8Array.of(1, 2, 3)],
    ['nothing', new Uint8Array()],
    ['half a module', app().subarray(0, 60)],
  ])('refuses %s', (_says, bytes) => {
    expect(() => validateModule(bytes)).toThrow(expect.objectContaining({ code: 'WASM_INVALID' }));
  });

  it.each([
    // Each is valid WebAssembly that no node's interpreter supports.
    ['SIMD', [0x41, 0x00, 0xfd, 0x0f, 0x1a]],
    ['tail calls', [0x12, 0x00]],
    ['a select with a type', [0x41, 0, 0x41, 0, 0x41, 0, 0x1c, 0x01, 0x7f, 0x1a]],
  ])('refuses %s', (_says, code) => {
    const body = [0x00, ...code, 0x0b];
    const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0];
    const wasm = Uint8Array.from([...head, 10, body.length + 2, 1, body.length, ...body]);
    expect(WebAssembly.validate(wasm)).toBe(true);
    expect(() => validateModule(wasm, { profile: 'harness' })).toThrow(
      expect.objectContaining({ code: 'WASM_FEATURE' }),
    );
  });

  it('accepts a harness with any exports', () => {
    const wasm = wat(`(module ${MEMORY} (func (export "invoke")) (func (export "input") (result i32) (i32.const 16)))`);
    expect(validateModule(wasm, { profile: 'harness' })).toMatchObject({
      abi: null,
      memoryBytes: 65536,
      hasFuel: false,
    });
  });

  it(`accepts ${casesText(150_000)} damaged modules or rejects them with a MoteError, and never returns more than it read`, () => {
    const below = random(7);
    const codes = new Map<string, number>();
    for (let i = 0; i < cases(150_000); i++) {
      const wasm = mutate(SEED_MODULES[i % SEED_MODULES.length]!, below);
      let code = 'fine';
      try {
        const info = validateModule(wasm, { profile: i % 3 === 0 ? 'app' : 'harness' });
        if (info.stripped.length > wasm.length) throw new Error('grew');
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
        code = error.code;
      }
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    for (const code of ['fine', 'WASM_INVALID', 'WASM_FEATURE', 'WASM_IMPORT'])
      expect(codes.get(code)).toBeGreaterThan(FULL ? 10 : 0);
  });
});

describe('checkAbi', () => {
  it.each([
    [0x10000, 0x10000, true],
    [0x10000, 0x10005, true],
    [0x10006, 0x10005, false],
    [0x20000, 0x10000, false],
    [0x10000, 0x20000, false],
    [0, 0x10000, false],
  ])('of a module for %i on a host of %i', (version, host, fits) => {
    if (fits) checkAbi(version, host);
    else expect(() => checkAbi(version, host)).toThrow(expect.objectContaining({ code: 'WASM_ABI' }));
  });
});
