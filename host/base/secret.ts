/** Comparison of secrets. */
import { timingSafeEqual } from 'node:crypto';

/** Whether two secrets are equal, in a time that depends on their lengths only. */
export function sameSecret(a: string | Uint8Array, b: string | Uint8Array): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
