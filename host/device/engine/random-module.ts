/** For tests: random valid modules of integer and float code, to compare engines and to find faults in them. */

type Type = 'i32' | 'i64' | 'f32' | 'f64';
type Below = (bound: number) => number;

const CODE: Record<Type, number> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };
const TYPES = ['i32', 'i64', 'i32', 'i64', 'f32', 'f64'] as const;

/** Opcodes by their result type: [operand type, opcode...]; an opcode includes its prefix. */
const UNARY: Record<Type, [Type, number[]][]> = {
  i32: [
    ['i32', [0x45, 0x67, 0x68, 0x69, 0xc0, 0xc1]],
    ['i64', [0x50, 0xa7]],
    ['f32', [0xa8, 0xa9, 0xfc00, 0xfc01]],
    ['f64', [0xaa, 0xab, 0xfc02, 0xfc03]],
  ],
  i64: [
    ['i64', [0x79, 0x7a, 0x7b, 0xc2, 0xc3, 0xc4]],
    ['i32', [0xac, 0xad]],
    ['f32', [0xae, 0xaf, 0xfc04, 0xfc05]],
    ['f64', [0xb0, 0xb1, 0xfc06, 0xfc07]],
  ],
  f32: [
    ['f32', [0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91]],
    ['i32', [0xb2, 0xb3, 0xbe]],
    ['i64', [0xb4, 0xb5]],
    ['f64', [0xb6]],
  ],
  f64: [
    ['f64', [0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f]],
    ['i32', [0xb7, 0xb8]],
    ['i64', [0xb9, 0xba, 0xbf]],
    ['f32', [0xbb]],
  ],
};
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const BINARY: Record<Type, [Type, number[]][]> = {
  i32: [
    ['i32', [...range(0x46, 0x4f), ...range(0x6a, 0x78)]],
    ['i64', range(0x51, 0x5a)],
    ['f32', range(0x5b, 0x60)],
    ['f64', range(0x61, 0x66)],
  ],
  i64: [['i64', range(0x7c, 0x8a)]],
  f32: [['f32', range(0x92, 0x97)]],
  f64: [['f64', range(0xa0, 0xa5)]],
};
// Floats are never stored in memory or reinterpreted as integers, because the bits of a NaN depend on the engine.
const LOADS = { i32: [0x28, 0x2c, 0x2d, 0x2e, 0x2f], i64: [0x29, ...range(0x30, 0x35)] };
const STORES = { i32: [0x36, 0x3a, 0x3b], i64: [0x37, 0x3c, 0x3d, 0x3e] };

export function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

function signed(value: bigint): number[] {
  const byte = Number(value & 127n);
  const rest = value >> 7n;
  return (rest === 0n && byte < 64) || (rest === -1n && byte >= 64) ? [byte] : [byte | 128, ...signed(rest)];
}

const opcode = (code: number) => (code > 0xff ? [code >> 8, code & 0xff] : [code]);

function constant(type: Type, below: Below): number[] {
  const whole = [0, 1, -1, 2, 8, 31, 255, -128, 65535, 0x7fffffff, -0x80000000, below(2 ** 31)][below(12)]!;
  if (type === 'i32') return [0x41, ...signed(BigInt(whole))];
  if (type === 'i64') return [0x42, ...signed(below(3) ? BigInt(whole) : (BigInt(whole) << 32n) ^ 0x1234567fn)];
  const value = [whole, whole / 3, 0.5, -0, 1e30, -1e-30, Number.POSITIVE_INFINITY][below(7)]!;
  return type === 'f32'
    ? [0x43, ...new Uint8Array(Float32Array.of(value).buffer)]
    : [0x44, ...new Uint8Array(Float64Array.of(value).buffer)];
}

interface Signature {
  params: Type[];
  result: Type;
}

interface Scope {
  below: Below;
  /** Parameters and locals; the last one counts the loops down. */
  locals: Type[];
  /** Functions that may be called: only earlier ones, so that nothing recurses. */
  callable: Signature[];
}

function expression(type: Type, depth: number, s: Scope): number[] {
  const { below } = s;
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const inner = (of: Type) => expression(of, depth - 1, s);
  if (depth <= 0) return leaf(type, s);
  switch (below(13)) {
    case 0:
    case 1: {
      const [of, codes] = pick(UNARY[type]);
      return [...inner(of), ...opcode(pick(codes))];
    }
    case 2:
    case 3:
    case 4: {
      const [of, codes] = pick(BINARY[type]);
      return [...inner(of), ...inner(of), pick(codes)];
    }
    case 5:
      if (type !== 'i32' && type !== 'i64') return leaf(type, s);
      return [...address(inner('i32')), pick(LOADS[type]), 0, ...unsigned(below(100))];
    case 6:
      return [...inner(type), ...inner(type), ...inner('i32'), 0x1b];
    case 7:
      return [...inner('i32'), 0x04, CODE[type], ...inner(type), 0x05, ...inner(type), 0x0b];
    case 8: // a block with an early exit
      return [
        0x02,
        CODE[type],
        ...inner(type),
        ...inner('i32'),
        0x0d,
        0x00,
        0x1a,
        ...statement(depth - 1, s),
        ...inner(type),
        0x0b,
      ];
    case 9: {
      const index = below(s.callable.length + 1);
      const target = s.callable[index];
      if (target === undefined || target.result !== type) return leaf(type, s);
      const args = target.params.flatMap(inner);
      return below(2) ? [...args, 0x10, index] : [...args, ...constant32(index), 0x11, index, 0x00];
    }
    case 10: {
      const index = s.locals.slice(0, -1).indexOf(type);
      return index < 0 ? leaf(type, s) : [...inner(type), 0x22, ...unsigned(index)];
    }
    case 11:
      return [...statement(depth - 1, s), ...inner(type)];
    default:
      return type === 'i32' && below(4) === 0 ? [0x3f, 0x00] : leaf(type, s);
  }
}

const constant32 = (value: number) => [0x41, ...signed(BigInt(value))];

/** Masks an address, mostly into the first 64 KiB. */
const address = (code: number[]) => [...code, ...constant32(0xffff), 0x71];

function leaf(type: Type, { below, locals }: Scope): number[] {
  const same = locals.flatMap((one, index) => (one === type ? [index] : []));
  const index = same[below(same.length + 1)];
  if (index !== undefined) return [0x20, ...unsigned(index)];
  return below(6) === 0 ? [0x23, TYPES.indexOf(type)] : constant(type, below);
}

function statement(depth: number, s: Scope): number[] {
  const { below } = s;
  const inner = (of: Type) => expression(of, depth - 1, s);
  const counter = unsigned(s.locals.length - 1);
  switch (below(8)) {
    case 0:
    case 1: {
      const index = below(s.locals.length - 1);
      return [...inner(s.locals[index]!), 0x21, ...unsigned(index)];
    }
    case 2:
    case 3: {
      const type = below(2) ? 'i32' : 'i64';
      return [
        ...address(inner('i32')),
        ...inner(type),
        STORES[type][below(STORES[type].length)]!,
        0,
        ...unsigned(below(100)),
      ];
    }
    case 4: {
      const type = TYPES[below(6)]!;
      return [...inner(type), 0x24, TYPES.indexOf(type)];
    }
    case 5: // a loop: one counter bounds all loops of the function
      return [
        ...[0x03, 0x40, ...(depth > 1 ? statement(depth - 2, s) : [])],
        ...[0x20, ...counter, ...constant32(1), 0x6b, 0x22, ...counter, ...constant32(0), 0x4a, 0x0d, 0x00, 0x0b],
      ];
    case 6: {
      const size = [...inner('i32'), ...constant32(255), 0x71];
      const fill = below(2) === 0;
      return [
        ...address(inner('i32')),
        ...(fill ? inner('i32') : address(inner('i32'))),
        ...size,
        0xfc,
        ...(fill ? [11, 0] : [10, 0, 0]),
      ];
    }
    default: // br_table out of nested blocks
      return [
        0x02,
        0x40,
        0x02,
        0x40,
        ...inner('i32'),
        0x0e,
        1,
        0,
        1,
        0x0b,
        ...(depth > 1 ? statement(depth - 2, s) : []),
        0x0b,
      ];
  }
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const body = [...unsigned(items.length), ...items.flat()];
  return [id, ...unsigned(body.length), ...body];
}

const name = (text: string) => [text.length, ...Buffer.from(text)];

/**
 * Returns a module with functions `f0` to `f3`, a memory of one page, a table, globals of all types, and an unused
 * global `fuel`.
 */
export function generateModule(below: Below, depth = 5): Uint8Array {
  const type = () => TYPES[below(6)]!;
  const signatures: Signature[] = range(0, 3).map(() => ({ params: range(1, below(4)).map(type), result: type() }));
  const bodies = signatures.map(({ params, result }, index) => {
    const extra = range(0, below(5)).map(type);
    const locals: Type[] = [...params, ...extra, 'i32'];
    const scope = { below, locals, callable: signatures.slice(0, index) };
    const declared = [...unsigned(extra.length + 1), ...[...extra, 'i32' as const].flatMap((one) => [1, CODE[one]])];
    const tank = [...constant32(20), 0x21, ...unsigned(locals.length - 1)];
    const code = [...declared, ...tank, ...statement(depth, scope), ...expression(result, depth, scope), 0x0b];
    return [...unsigned(code.length), ...code];
  });
  const globals = TYPES.map((one) => [CODE[one], 1, ...constant(one, below), 0x0b]);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      signatures.map(({ params, result }) => [0x60, params.length, ...params.map((one) => CODE[one]), 1, CODE[result]]),
    ),
    ...section(
      3,
      signatures.map((_, index) => [index]),
    ),
    ...section(4, [[0x70, 0, 5]]),
    ...section(5, [[0, 1]]),
    ...section(6, [...globals, [CODE.i64, 1, ...constant('i64', () => 0), 0x0b]]),
    ...section(7, [
      [...name('memory'), 2, 0],
      [...name('fuel'), 3, 6],
      ...signatures.map((_, index) => [...name(`f${index}`), 0, index]),
      ...TYPES.map((_, index) => [...name(`g${index}`), 3, index]),
    ]),
    ...section(9, [[0, ...constant32(0), 0x0b, 4, 0, 1, 2, 3]]),
    ...section(10, bodies),
    ...section(11, [[0, ...constant32(0), 0x0b, 32, ...range(0, 31).map(() => below(256))]]),
  ]);
}
