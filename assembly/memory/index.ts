/**
 * Buffers of a fixed size in static memory. A buffer has its address and its length, so what reads or writes it can
 * check both. `samples16(256)` is a constant: the build reserves the memory, and nothing is allocated at run time.
 */

/** Logs and traps. One function, so that each access costs one comparison. */
function outside(): void {
  throw new Error('index or count outside the buffer');
}

/** Traps when a call needs more elements than a buffer has. */
export function fits(needed: i32, length: i32): void {
  if (<u32>needed > <u32>length) outside();
}

/** `values[i]` is checked and is an i32; `values.data` is the address of the first value. */
@unmanaged
@final
export class Values<T> {
  /** For editors; the compiler uses the operators. */
  [key: i32]: i32;
  /** Address of the first value. */
  readonly data: usize;
  /** Number of values. */
  readonly length: i32;

  // @ts-ignore: decorator
  @inline
  @operator('[]')
  get(i: i32): i32 {
    if (<u32>i >= <u32>this.length) outside();
    return <i32>load<T>(this.data + (<usize>i << alignof<T>()));
  }

  // @ts-ignore: decorator
  @inline
  @operator('[]=')
  set(i: i32, value: i32): void {
    if (<u32>i >= <u32>this.length) outside();
    store<T>(this.data + (<usize>i << alignof<T>()), <T>value);
  }
}

/** int16 values, such as samples. */
export type Samples16 = Values<i16>;
/** int32 values, such as a series of a metric. */
export type Values32 = Values<i32>;
/** int8 values, such as the input of a model. */
export type Values8 = Values<i8>;

/** Reserves `length` int16 values, a constant. The build adds `block`. */
// @ts-ignore: decorator
@inline
export function samples16(length: i32, block: usize = 0): Samples16 {
  return changetype<Samples16>(block);
}

/** Reserves `length` int32 values, a constant. The build adds `block`. */
// @ts-ignore: decorator
@inline
export function values32(length: i32, block: usize = 0): Values32 {
  return changetype<Values32>(block);
}

/** Reserves `length` int8 values, a constant. The build adds `block`. */
// @ts-ignore: decorator
@inline
export function values8(length: i32, block: usize = 0): Values8 {
  return changetype<Values8>(block);
}

/** A buffer of `i8`, `i16` or `i32` without memory of its own: `place` lays it over a part of another block. */
// @ts-ignore: decorator
@inline
export function part<T>(): Values<T> {
  return changetype<Values<T>>(memory.data(2 * sizeof<usize>(), 8));
}

/** Makes `part` the `length` values from the address `data` on, and returns it. */
export function place<T>(part: Values<T>, data: usize, length: i32): Values<T> {
  store<usize>(changetype<usize>(part), data);
  store<i32>(changetype<usize>(part), length, sizeof<usize>());
  return part;
}
