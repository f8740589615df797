import { describe, expect, it } from 'vitest';
import { MoteError } from '../../base/index.ts';
import { compileModel } from './compile.ts';
import { parseModel } from './parse.ts';
import { buildModel, modelBytes, xorshift } from './testing.ts';

/** Values that break readers: around zero, around sign bits, and around limits of sizes. */
const NASTY = [0, 1, 2, 4, 127, 128, 255, 256, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff];

/** One to eight changes: bytes, words, copies of other parts, and truncations. */
function mutate(seed: Uint8Array, random: () => number): Uint8Array {
  let bytes = seed.slice();
  for (let n = 1 + (random() % 8); n > 0; n--) {
    const at = random() % bytes.length;
    switch (random() % 6) {
      case 0:
        bytes[at] = random();
        break;
      case 1:
        bytes[at]! ^= 1 << (random() % 8);
        break;
      case 2:
      case 3: {
        const view = new DataView(bytes.buffer);
        const word = at & ~3;
        if (word + 4 <= bytes.length) view.setUint32(word, NASTY[random() % NASTY.length]!, true);
        break;
      }
      case 4:
        bytes.copyWithin(at, random() % bytes.length, random() % bytes.length);
        break;
      default:
        if (random() % 4 === 0) bytes = bytes.slice(0, Math.max(1, at));
    }
  }
  return bytes;
}

/** A model of three operators with windows and weights, small enough to change at every byte. */
function tinyModel(): Uint8Array {
  return buildModel(
    [
      { shape: [1, 4, 4, 2] },
      { shape: [2, 3, 3, 2], data: new Uint8Array(36).fill(3), scales: [0.25, 0.5] },
      { shape: [2], type: 2, data: new Uint8Array(8).fill(1) },
      { shape: [1, 4, 4, 2], zero: 3 },
      { shape: [1, 2, 2, 2], zero: 3 },
      { shape: [2], type: 2, data: new Uint8Array(Int32Array.of(1, 8).buffer) },
      { shape: [1, 8], zero: 3 },
      { shape: [1, 8], scales: [1 / 256], zero: -128 },
    ],
    [
      { code: 3, inputs: [0, 1, 2], outputs: [3], options: { 0: ['int8', 0], 1: ['int32', 1], 2: ['int32', 1] } },
      {
        code: 17,
        inputs: [3],
        outputs: [4],
        options: { 0: ['int8', 1], 1: ['int32', 2], 2: ['int32', 2], 3: ['int32', 2], 4: ['int32', 2] },
      },
      { code: 22, inputs: [4, 5], outputs: [6] },
      { code: 25, inputs: [6], outputs: [7], options: { 0: ['float32', 1] } },
    ],
    [0],
    [7],
  );
}

describe('hostile models', () => {
  it.each([
    ['hello_world', () => modelBytes('hello_world'), 50_000],
    ['a tiny convolution', tinyModel, 60_000],
  ] as const)('compiles or refuses every change to %s, quickly', (_, make, rounds) => {
    const seed = make();
    compileModel(seed, { name: 'seed' });
    const random = xorshift(42);
    let refused = 0;
    let slowest = 0;
    for (let i = 0; i < rounds; i++) {
      const bytes = mutate(seed, random);
      const start = performance.now();
      try {
        const { rom } = compileModel(bytes, { name: 'changed' });
        if (rom.length > 64 * seed.length) throw new Error(`${rom.length} bytes of rom`);
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
        expect(error.code).toMatch(/^MODEL_/);
        refused++;
      }
      slowest = Math.max(slowest, performance.now() - start);
    }
    expect(refused).toBeGreaterThan(rounds / 10);
    expect(refused).toBeLessThan(rounds);
    expect(slowest).toBeLessThan(2000);
  });

  it('rejects every truncation', () => {
    const seed = modelBytes('hello_world');
    for (let length = 0; length < seed.length; length++) {
      try {
        parseModel(seed.subarray(0, length));
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
      }
    }
    expect(() => parseModel(seed.subarray(0, seed.length >> 1))).toThrow(MoteError);
    expect(() => parseModel(new Uint8Array(0))).toThrow(MoteError);
  });

  it('rejects files of other kinds', () => {
    const random = xorshift(7);
    for (let i = 0; i < 2000; i++) {
      const bytes = Uint8Array.from({ length: random() % 300 }, () => random());
      if (i % 2 === 0 && bytes.length >= 8) bytes.set([0x54, 0x46, 0x4c, 0x33], 4);
      expect(() => parseModel(bytes)).toThrow(MoteError);
    }
  });
});

describe('errors name their cause', () => {
  const conv = (over: object = {}) => ({
    code: 3,
    inputs: [0, 1],
    outputs: [2],
    options: { 0: ['int8', 0], 1: ['int32', 1], 2: ['int32', 1] },
    ...over,
  });
  const tensors = [
    { shape: [1, 4, 4, 1], name: 'picture' },
    { shape: [1, 3, 3, 1], data: new Uint8Array(9).fill(1), name: 'kernel' },
    { shape: [1, 4, 4, 1], name: 'features' },
  ];
  const rows: [string, () => Uint8Array, RegExp][] = [
    [
      'an operator without a kernel',
      () => buildModel(tensors, [conv({ code: 18 }) as never], [0], [2]),
      /no kernels yet for MUL \(operator 0\): there are kernels for ADD, /,
    ],
    [
      'all operators without a kernel at once',
      () => buildModel(tensors, [conv({ code: 18 }), conv({ code: 76 }), conv({ code: 18 })] as never[], [0], [2]),
      /for MUL \(2 times, first operator 0\), RSQRT \(operator 1\): /,
    ],
    [
      'a custom operator, and what to do',
      () =>
        buildModel(
          tensors,
          [conv({ code: 32, custom: 'ethos-u' }), conv({ code: 32, custom: 'my\nop' })] as never[],
          [0],
          [2],
        ),
      /custom operator "ethos-u", compiled by Vela: give the file from before \(operator 0\), custom operator "my\?op" \(/,
    ],
    [
      'an operator beyond the schema',
      () => buildModel(tensors, [conv({ code: 777 }) as never], [0], [2]),
      /number 777/,
    ],
    [
      'a type without a kernel',
      () => buildModel([{ ...tensors[0]!, type: 7 }, tensors[1]!, tensors[2]!], [conv() as never], [0], [2]),
      /tensor 0 "picture" is int16/,
    ],
    [
      'weights that are no constant',
      () =>
        buildModel([tensors[0]!, { shape: [1, 3, 3, 1], name: 'kernel' }, tensors[2]!], [conv() as never], [0, 1], [2]),
      /tensor 1 "kernel"/,
    ],
    [
      'a shape that does not follow',
      () =>
        buildModel([tensors[0]!, tensors[1]!, { shape: [1, 5, 4, 1], name: 'features' }], [conv() as never], [0], [2]),
      /"features" has shape 1x5x4x1, expected 1x4x4x1/,
    ],
    [
      'an operator that reads what is written later',
      () =>
        buildModel(
          [...tensors, { shape: [1, 4, 4, 1], name: 'late' }],
          [conv({ inputs: [3, 1] }) as never, conv({ outputs: [3] }) as never],
          [0],
          [2],
        ),
      /"late" before anything writes it/,
    ],
    [
      'a tensor written twice',
      () => buildModel(tensors, [conv() as never, conv() as never], [0], [2]),
      /already has contents/,
    ],
    [
      'a tensor beyond all memory',
      () => buildModel([{ shape: [1, 65535, 65535, 1] }, ...tensors.slice(1)], [conv() as never], [0], [2]),
      /tensor 0 has more than/,
    ],
    [
      'a count of dimensions',
      () => buildModel([{ shape: [1, 1, 1, 1, 1, 1, 1, 1] }, ...tensors.slice(1)], [conv() as never], [0], [2]),
      /8 values of shape of tensor 0/,
    ],
    [
      'a name with control characters',
      () =>
        buildModel(
          [{ shape: [1, 4, 4, 1], type: 7, name: 'a\u001b[2J' }, ...tensors.slice(1)],
          [conv() as never],
          [0],
          [2],
        ),
      /"a\?\[2J"/,
    ],
  ];

  it.each(rows)('%s', (_, make, message) => {
    expect(() => compileModel(make(), { name: 'refused' })).toThrow(message);
  });

  it('keeps text of the model inside its comment', () => {
    const { source } = compileModel(modelBytes('hello_world'), { name: 'x */ export const evil = 1;\nfoo' });
    expect(source).not.toMatch(/^export const evil/m);
    expect(source.split('\n')[0]).toContain('x * / export const evil = 1;?foo');
  });
});
