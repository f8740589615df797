import { kv_delete, kv_get, kv_set } from '../abi/module';
import { NAME, writeName } from './names';

const word = memory.data(8, 8);

/** Values that survive restarts and swaps: keys of up to 64 bytes of UTF-8, values of up to 1024 bytes. */
export namespace kv {
  /** Copies a value to `dst`; returns its length, NOT_FOUND or TOO_LARGE. */
  export function get(key: string, dst: usize, capacity: i32): i32 {
    return kv_get(NAME, writeName(key), dst, capacity);
  }

  /** Stores a value. Returns OK once it is durable, or FULL or TOO_LARGE. */
  export function set(key: string, value: usize, length: i32): i32 {
    return kv_set(NAME, writeName(key), value, length);
  }

  /** Returns a stored integer, or `otherwise` if there is none. */
  export function getInt(key: string, otherwise: i64): i64 {
    return get(key, word, 8) == 8 ? load<i64>(word) : otherwise;
  }

  /** Stores an integer in 8 bytes. */
  export function setInt(key: string, value: i64): i32 {
    store<i64>(word, value);
    return set(key, word, 8);
  }

  /** Removes a value. Returns OK, or NOT_FOUND if there was none. */
  export function remove(key: string): i32 {
    return kv_delete(NAME, writeName(key));
  }
}
