import { Encoder as CborX } from 'cbor-x';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Program, runText } from './testing.ts';

/** Both directions as flat calls; the buffer is 512 bytes with 64 canary bytes on either side. */
const SOURCE = `
import './assembly/mote/abort';
import { ARRAY, BYTES, DECODER_BYTES, Decoder, ENCODER_BYTES, Encoder, MAP, NEGATIVE, NOTHING, TAG, TEXT, UINT } from './assembly/cbor';

const area = memory.data(64 + 512 + 64);
const encoder = changetype<Encoder>(memory.data(ENCODER_BYTES, 8));
const before = memory.data(64);
const decoder = changetype<Decoder>(memory.data(DECODER_BYTES, 8));
const after = memory.data(64);
const scratch = memory.data(512);

export function areaPtr(): usize { return area; }
export function guardPtr(): usize { return before; }
export function guardBytes(): i32 { return <i32>(after + 64 - before); }
export function decoderBytes(): i32 { return DECODER_BYTES; }
export function scratchPtr(): usize { return scratch; }

export function begin(capacity: i32): void { encoder.begin(area + 64, capacity); }
export function length(): i32 { return encoder.length; }
export function encoded(): i32 { return i32(encoder.ok); }
export function putInt(value: i64): void { encoder.int(value); }
export function putUint(value: u64): void { encoder.uint(value); }
export function putBool(value: i32): void { encoder.bool(value != 0); }
export function putNull(): void { encoder.null(); }
export function putBytes(length: i32): void { encoder.bytes(scratch, length); }
export function putText(length: i32): void { encoder.utf8(scratch, length); }
export function putArray(count: i32): void { encoder.array(count); }
export function putMap(count: i32): void { encoder.map(count); }
export function putTag(tag: u64): void { encoder.tag(tag); }

export function open(length: i32): void { decoder.begin(area + 64, length); }
export function ok(): i32 { return i32(decoder.ok); }
export function done(): i32 { return i32(decoder.done); }
export function skip(): void { decoder.skip(); }

/** Reads all there is, item by item, each by its own kind, and writes it again. Returns how many items there were. */
export function copy(length: i32): i32 {
  decoder.begin(area + 64, length);
  encoder.begin(scratch, 512);
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

/** What an app does with a command. */
export function command(length: i32): i64 {
  decoder.begin(area + 64, length);
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

let program: Program;
let area = 0;
let scratch = 0;

beforeAll(async () => {
  program = await runText(SOURCE);
  area = program.call('areaPtr');
  scratch = program.call('scratchPtr');
  program.memory.fill(CANARY, area, area + 64 + BUFFER + 64);
  const guard = program.call('guardPtr');
  program.memory.fill(CANARY, guard, guard + 64);
  program.memory.fill(CANARY, guard + program.call('guardBytes') - 64, guard + program.call('guardBytes'));
});

/** Nothing but the buffer and the decoder's own state was written. */
function expectCanaries(): void {
  const guard = program.call('guardPtr');
  const end = guard + program.call('guardBytes');
  const areas = [
    [area, area + 64],
    [area + 64 + BUFFER, area + 128 + BUFFER],
    [guard, guard + 64],
    [end - 64, end],
  ] as const;
  for (const [from, to] of areas) {
    if (program.memory.subarray(from, to).some((byte) => byte !== CANARY))
      expect.fail(`bytes ${from} to ${to} were overwritten`);
  }
}

type Item = null | boolean | bigint | string | Uint8Array | Item[] | Map<string, Item>;

function put(item: Item): void {
  if (item === null) program.call('putNull');
  else if (typeof item === 'boolean') program.call('putBool', item ? 1 : 0);
  else if (typeof item === 'bigint')
    program.call(item < 0n || item <= 0x7fffffffffffffffn ? 'putInt' : 'putUint', item);
  else if (typeof item === 'string') program.call('putText', load(new TextEncoder().encode(item)));
  else if (item instanceof Uint8Array) program.call('putBytes', load(item));
  else if (Array.isArray(item)) {
    program.call('putArray', item.length);
    for (const inner of item) put(inner);
  } else {
    program.call('putMap', item.size);
    for (const [key, value] of item) {
      put(key);
      put(value);
    }
  }
}

function load(bytes: Uint8Array): number {
  program.memory.set(bytes, scratch);
  return bytes.length;
}

function encode(item: Item): Uint8Array {
  program.call('begin', BUFFER);
  put(item);
  expect(program.call('encoded')).toBe(1);
  return program.memory.slice(area + 64, area + 64 + program.call('length'));
}

/** cbor-x gives numbers where they are safe. */
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
  it('writes what cbor-x reads as the same value', () => {
    fc.assert(
      fc.property(item, (value) => {
        const bytes = encode(value);
        expect(plain(cborX.decode(bytes))).toEqual(value);
        expectCanaries();
      }),
      { numRuns: 3000 },
    );
  });

  it('writes integers in the same bytes as cbor-x, the fewest', () => {
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

  it('reads what cbor-x writes, and writes it again in its shortest form', () => {
    fc.assert(
      fc.property(item, (value) => {
        const theirs = cborX.encode(value);
        program.memory.set(theirs, area + 64);
        program.call('copy', theirs.length);
        expect([program.call('ok'), program.call('done')]).toEqual([1, 1]);
        const again = program.memory.slice(scratch, scratch + program.call('length'));
        expect(again).toEqual(encode(value));
      }),
      { numRuns: 3000 },
    );
  });

  it('cuts nothing in half: a buffer one byte short stays inside itself and says so', () => {
    fc.assert(
      fc.property(item, fc.nat(), (value, cut) => {
        const { length } = encode(value);
        const capacity = cut % length;
        program.memory.fill(CANARY, area + 64, area + 64 + BUFFER);
        program.call('begin', capacity);
        put(value);
        expect(program.call('encoded')).toBe(0);
        const beyond = program.memory.subarray(area + 64 + capacity, area + 64 + BUFFER);
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
    for (let run = 0; run < 200_000; run++) {
      const seed = seeds[run % seeds.length]!;
      // Half of the inputs end at the buffer's end, where reading on would meet the canaries.
      const length = random() % 4 === 0 ? random() % seed.length : seed.length;
      program.memory.set(seed.subarray(0, length), area + 64);
      for (let n = 1 + (random() % 4); n > 0; n--) program.memory[area + 64 + (random() % seed.length)] = random();
      if (run % 3 === 0) {
        program.call('open', length);
        program.call('skip');
      } else if (run % 3 === 1) program.callBig('command', length);
      else program.call('copy', length);
      broken += 1 - program.call('ok');
      if (run % 1000 === 0) expectCanaries();
    }
    expectCanaries();
    // The mutations really break things, and not all of them.
    expect(broken).toBeGreaterThan(20_000);
    expect(broken).toBeLessThan(190_000);
  });
});
