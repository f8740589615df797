import type { ASUtil } from '@assemblyscript/loader';
import { Encoder as CborX } from 'cbor-x';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { runText } from '../../host/toolchain/assembly/testing.ts';

/**
 * Both directions as plain functions. The 512-byte buffer and the decoder's state have 64 canary bytes on either side.
 */
const SOURCE = `
import { DECODER_BYTES, Decoder, ENCODER_BYTES, Encoder } from './assembly/cbor';
import { ARRAY, BYTES, MAP, NEGATIVE, NOTHING, TAG, TEXT, UINT } from './assembly/cbor';

export const UINT8 = idof<Uint8Array>();
const area = new Uint8Array(64 + 512 + 64);
const buffer = area.dataStart + 64;
const encoder = changetype<Encoder>(memory.data(ENCODER_BYTES, 8));
const state = new Uint8Array(64 + DECODER_BYTES + 64);
const decoder = changetype<Decoder>(state.dataStart + 64);
const scratch = new Uint8Array(512);

export function areaArray(): Uint8Array { return area; }
export function stateArray(): Uint8Array { return state; }
/** The bytes that \`copy\` wrote. */
export function copied(): Uint8Array { return scratch.subarray(0, encoder.length); }

export function begin(capacity: i32): void { encoder.begin(buffer, capacity); }
export function length(): i32 { return encoder.length; }
export function encoded(): i32 { return i32(encoder.ok); }
export function putInt(value: i64): void { encoder.int(value); }
export function putUint(value: u64): void { encoder.uint(value); }
export function putBool(value: i32): void { encoder.bool(value != 0); }
export function putNull(): void { encoder.null(); }
export function putBytes(value: Uint8Array): void { encoder.bytes(value.dataStart, value.length); }
export function putText(value: string): void { encoder.text(value); }
export function putArray(count: i32): void { encoder.array(count); }
export function putMap(count: i32): void { encoder.map(count); }
export function putTag(tag: u64): void { encoder.tag(tag); }

export function open(length: i32): void { decoder.begin(buffer, length); }
export function ok(): i32 { return i32(decoder.ok); }
export function done(): i32 { return i32(decoder.done); }
export function skip(): void { decoder.skip(); }

/** Reads all items, each by its kind, and writes them again. Returns their number. */
export function copy(length: i32): i32 {
  decoder.begin(buffer, length);
  encoder.begin(scratch.dataStart, 512);
  let items = 0;
  while (true) {
    const kind = decoder.kind;
    if (kind == NOTHING) return items;
    if (kind == UINT) encoder.uint(decoder.uint());
    else if (kind == NEGATIVE) encoder.negative(decoder.negative());
    else if (kind == BYTES) {
      const at = decoder.bytes();
      encoder.bytes(at, decoder.length);
    } else if (kind == TEXT) {
      const at = decoder.text();
      encoder.utf8(at, decoder.length);
    } else if (kind == ARRAY) encoder.array(decoder.array());
    else if (kind == MAP) encoder.map(decoder.map());
    else if (kind == TAG) encoder.tag(decoder.tag());
    else if (decoder.null()) encoder.null();
    else encoder.bool(decoder.bool());
    items++;
  }
}

/** Decodes a command as an app does. */
export function command(length: i32): i64 {
  decoder.begin(buffer, length);
  let sum: i64 = 0;
  for (let n = decoder.map(); n > 0; n--) {
    if (decoder.key('threshold')) sum += decoder.int();
    else if (decoder.key('enabled')) sum += i64(decoder.bool());
    else if (decoder.key('name')) { decoder.text(); sum += decoder.length; }
    else { decoder.skip(); decoder.skip(); }
  }
  return sum;
}
`;

const CANARY = 0xa5;
const BUFFER = 512;
const cborX = new CborX({
  useRecords: false,
  mapsAsObjects: false,
  variableMapSize: true,
  tagUint8Array: false,
  int64AsType: 'bigint',
} as never);

/** Parameters and results that are strings or arrays are pointers. */
type Cbor = ASUtil & { UINT8: { value: number } } & Record<'areaArray' | 'stateArray' | 'copied', () => number> &
  Record<'begin' | 'putBool' | 'putBytes' | 'putText' | 'putArray' | 'putMap' | 'open', (value: number) => void> &
  Record<'putInt' | 'putUint' | 'putTag', (value: bigint) => void> &
  Record<'length' | 'encoded' | 'ok' | 'done', () => number> &
  Record<'putNull' | 'skip', () => void> & { copy(length: number): number; command(length: number): bigint };

let cbor: Cbor;

/** Live views; an allocation may move memory, so nobody stores them. */
const area = () => cbor.__getUint8ArrayView(cbor.areaArray());
const buffer = () => area().subarray(64, 64 + BUFFER);
const state = () => cbor.__getUint8ArrayView(cbor.stateArray());

beforeAll(async () => {
  cbor = await runText<Cbor>(SOURCE);
  area().fill(CANARY);
  state().fill(CANARY, 0, 64).fill(CANARY, -64);
});

/** Checks that only the buffer and the decoder's own state were written. */
function expectCanaries(): void {
  for (const [name, bytes] of Object.entries({ buffer: area(), decoder: state() })) {
    for (const guard of [bytes.subarray(0, 64), bytes.subarray(-64)]) {
      if (guard.some((byte) => byte !== CANARY)) expect.fail(`bytes beside the ${name} were overwritten`);
    }
  }
}

type Item = null | boolean | bigint | string | Uint8Array | Item[] | Map<string, Item>;

function put(item: Item): void {
  if (item === null) cbor.putNull();
  else if (typeof item === 'boolean') cbor.putBool(item ? 1 : 0);
  else if (typeof item === 'bigint')
    if (item < 0n || item <= 0x7fffffffffffffffn) cbor.putInt(item);
    else cbor.putUint(item);
  else if (typeof item === 'string') cbor.putText(cbor.__newString(item));
  else if (item instanceof Uint8Array) cbor.putBytes(cbor.__newArray(cbor.UINT8.value, item));
  else if (Array.isArray(item)) {
    cbor.putArray(item.length);
    for (const inner of item) put(inner);
  } else {
    cbor.putMap(item.size);
    for (const [key, value] of item) {
      put(key);
      put(value);
    }
  }
}

function encode(item: Item): Uint8Array {
  cbor.begin(BUFFER);
  put(item);
  expect(cbor.encoded()).toBe(1);
  return buffer().slice(0, cbor.length());
}

/** cbor-x returns numbers where they are safe. */
function plain(value: unknown): unknown {
  if (typeof value === 'number') return BigInt(value);
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [k, plain(v)]));
  return value;
}

const item = fc.letrec<{ item: Item }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n),
    fc.integer({ min: -300, max: 300 }).map(BigInt),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.uint8Array({ maxLength: 30 }),
    fc.array(tie('item'), { maxLength: 4 }),
    fc
      .uniqueArray(fc.tuple(fc.string({ maxLength: 6 }), tie('item')), { maxLength: 4, selector: ([k]) => k })
      .map((e) => new Map(e)),
  ),
})).item;

describe('CBOR on the node', () => {
  it('writes bytes that cbor-x reads as the same value', () => {
    fc.assert(
      fc.property(item, (value) => {
        const bytes = encode(value);
        expect(plain(cborX.decode(bytes))).toEqual(value);
        expectCanaries();
      }),
      { numRuns: 3000 },
    );
  });

  it('writes integers in the same bytes as cbor-x, in the shortest form', () => {
    // Beyond 32 bits cbor-x writes numbers as floats.
    const word = fc.tuple(fc.integer({ min: -(2 ** 32), max: 2 ** 32 - 1 }), fc.nat(31));
    fc.assert(
      fc.property(word, ([wide, shift]) => {
        const value = Math.trunc(wide / 2 ** shift) + 0;
        expect(encode(BigInt(value))).toEqual(new Uint8Array(cborX.encode(value)));
      }),
      { numRuns: 5000 },
    );
  });

  it('reads the bytes of cbor-x, and writes them again in the shortest form', () => {
    fc.assert(
      fc.property(item, (value) => {
        const theirs = cborX.encode(value);
        buffer().set(theirs);
        cbor.copy(theirs.length);
        expect([cbor.ok(), cbor.done()]).toEqual([1, 1]);
        const again = cbor.__getUint8Array(cbor.copied());
        expect(again).toEqual(encode(value));
      }),
      { numRuns: 3000 },
    );
  });

  it('writes no partial item: with a buffer one byte short it stays inside and reports failure', () => {
    fc.assert(
      fc.property(item, fc.nat(), (value, cut) => {
        const { length } = encode(value);
        const capacity = cut % length;
        buffer().fill(CANARY);
        cbor.begin(capacity);
        put(value);
        expect(cbor.encoded()).toBe(0);
        const beyond = buffer().subarray(capacity);
        expect(beyond.every((byte) => byte === CANARY)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('survives 200,000 mutated inputs without a byte outside its buffer', () => {
    const seeds = [
      new Map<string, Item>([
        ['threshold', 200n],
        ['enabled', true],
        ['name', 'hall'],
        ['more', [1n, [2n, new Map([['a', null]])]]],
      ]),
      [1n, -1n, 'text', new Uint8Array(20), [[[[[[1n]]]]]], 2n ** 63n],
      new Map<string, Item>([
        ['threshold', -5n],
        ['x', new Uint8Array(40)],
      ]),
    ].map(encode);
    let state = 0x9e3779b9;
    const random = () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state >>> 0;
    };
    let broken = 0;
    // Nothing below allocates.
    const input = buffer();
    for (let run = 0; run < 200_000; run++) {
      const seed = seeds[run % seeds.length]!;
      // Half of the inputs end at the end of the buffer, where reading on would meet the canaries.
      const length = random() % 4 === 0 ? random() % seed.length : seed.length;
      input.set(seed.subarray(0, length));
      for (let n = 1 + (random() % 4); n > 0; n--) input[random() % seed.length] = random();
      if (run % 3 === 0) {
        cbor.open(length);
        cbor.skip();
      } else if (run % 3 === 1) cbor.command(length);
      else cbor.copy(length);
      broken += 1 - cbor.ok();
      if (run % 1000 === 0) expectCanaries();
    }
    expectCanaries();
    // Enough mutations cause an error, but not all of them.
    expect(broken).toBeGreaterThan(20_000);
    expect(broken).toBeLessThan(190_000);
  });
});
