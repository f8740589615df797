/** Tests of the native addon; ../conformance.test.ts has all others. */
import { Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Engine, type Instance, Trap } from '../index.ts';
import { LIMITS, wat } from '../testing.ts';
import { ensureAddon } from './build.ts';
import { loadWasm3 } from './index.ts';

const MEMORY = '(memory 1) (export "memory" (memory 0))';
let addonPath: string;
let engine: Engine;

beforeAll(async () => {
  addonPath = await ensureAddon();
  engine = await loadWasm3(addonPath);
});

function load(text: string, limits = {}): Instance {
  return engine.load({ wasm: wat(`(module ${text})`), imports: {}, limits: { ...LIMITS, ...limits } });
}

function trapKind(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof Trap ? error.kind : String(error);
  }
  return 'returned';
}

describe('wasm3', () => {
  it('detaches the memory views of an instance when it closes', () => {
    const instance = load(`${MEMORY}(data (i32.const 0) "abc")`);
    const view = instance.bytes(0, 3);
    expect(Buffer.from(view).toString()).toBe('abc');
    instance.close();
    expect(view.length).toBe(0);
    expect(view.buffer.byteLength).toBe(0);
  });

  it('limits reads too', () => {
    const instance = load(`${MEMORY}(func (export "f") (result i32) (i32.load8_u (i32.const 100)))`, {
      memoryBytes: 100,
    });
    expect(trapKind(() => instance.call('f'))).toBe('memory');
  });

  it('stops a loop soon after its deadline, whatever an iteration does', () => {
    const fill = '(memory.fill (i32.const 0) (i32.const 1) (i32.const 65536))';
    for (const body of ['', fill]) {
      const instance = load(`${MEMORY}(func (export "f") (loop $l ${body} (br $l)))`, { deadlineMs: 20 });
      const start = performance.now();
      expect(trapKind(() => instance.call('f'))).toBe('deadline');
      const took = performance.now() - start;
      expect(took).toBeGreaterThanOrEqual(20);
      instance.close();
    }
  });

  const deep = (kind: string, size: number) => {
    // As many locals as fit, nested loops, or an empty frame that calls itself.
    if (kind === 'locals') return `(func $f (export "f") ${'(local i64)'.repeat(size)} (call $f))`;
    if (kind === 'parameters') {
      const zeros = '(i64.const 0)'.repeat(size);
      return `(func $g (param ${'i64 '.repeat(size)}) (call $g ${zeros})) (func (export "f") (call $g ${zeros}))`;
    }
    const open = Array.from({ length: size }, (_, i) => `(loop $l${i} (br_if $l${i} (i32.const 0))`).join('');
    return `(func $f (export "f") ${open}(call $f)${')'.repeat(size)})`;
  };

  it.each([
    ['locals', 900],
    ['locals', 1],
    ['parameters', 64],
    ['parameters', 63],
    ['loops', 250],
    ['loops', 1],
  ])('ends infinite recursion with %s (%i) in a stack trap, on any stack', (kind, size) => {
    for (const stackBytes of [1024, 1028, 4096, 65536, 16 * 1024 * 1024]) {
      const instance = load(deep(kind, size), { stackBytes });
      expect(trapKind(() => instance.call('f'))).toBe('stack');
      instance.close();
    }
  });

  it('accepts a function with as many locals, constants and stack values as the static check allows', () => {
    const constants = Array.from({ length: 300 }, (_, i) => `(i64.const ${i + 1000})`);
    const sum = constants.reduce((all, one) => `(i64.add ${one} ${all})`);
    const instance = load(`(func (export "f") (result i64) ${'(local i64)'.repeat(1000)} ${sum})`);
    expect(instance.call('f')).toBe(BigInt(300 * 1000 + (299 * 300) / 2));
  });

  it('frees instances that nobody closed', () => {
    const wasm = wat(`(module ${MEMORY})`);
    for (let i = 0; i < 2000; i++) engine.load({ wasm, imports: {}, limits: LIMITS }).bytes(0, 65536).fill(1);
    expect(process.memoryUsage.rss()).toBeLessThan(2e9);
  });

  it('runs in several threads at once, and stops an infinite loop in each', async () => {
    const loop = wat('(module (func (export "f") (loop $l (br $l))) (func $g (export "g") (call $g)))');
    const code = `const { parentPort, workerData: { addonPath, loop } } = require('node:worker_threads');
      const addon = require(addonPath);
      const results = [];
      for (let i = 0; i < 20; i++) {
        const one = addon.load(loop, new Uint8Array(), [], 0n, 0, 1 << 24, i & 1 ? 60000 : 5);
        results.push(addon.call(one, [], i & 1));
      }
      parentPort.postMessage(results);`;
    const run = () =>
      new Promise<unknown>((resolve, reject) => {
        const worker = new Worker(code, { eval: true, workerData: { addonPath, loop } });
        worker.once('message', resolve).once('error', reject);
      });
    const all = await Promise.all([run(), run(), run()]);
    const expected = Array.from({ length: 20 }, (_, i) =>
      i & 1 ? 'stack [trap] stack overflow' : 'deadline [trap] deadline',
    );
    for (const one of all) expect(one).toEqual(expected);
  });

  it('survives a deep JavaScript stack below it', () => {
    const instance = load('(func $f (export "f") (call $f))', { stackBytes: 1 << 24 });
    const down = (levels: number): string => (levels > 0 ? down(levels - 1) : trapKind(() => instance.call('f')));
    expect(down(5000)).toBe('stack');
  });
});
