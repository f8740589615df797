/** JSON whose numbers are exact decimals, and JSON pointers. */
import { parse } from 'lossless-json';
import { type Numeric, parseDecimal } from './decimal.ts';
import { MAX_DEPTH } from './limits.ts';
import { decodeUtf8 } from './utf8.ts';

/** A double holds each decimal of up to 15 digits, so a text without a longer run of digits needs no other parser. */
const LONG_NUMBER = /[\d.]{16}|\d[eE][+-]?\d{3}/;

/** Returns undefined for bytes that aren't JSON in UTF-8 with at most 32 levels. Numbers are `Numeric`. */
export function parseJson(bytes: Uint8Array): { readonly value: unknown } | undefined {
  const text = decodeUtf8(bytes);
  if (text === undefined || depthOf(text) > MAX_DEPTH) return undefined;
  try {
    return { value: LONG_NUMBER.test(text) ? parse(text, null, LOSSLESS) : JSON.parse(text) };
  } catch {
    // Both parsers throw a SyntaxError.
    return undefined;
  }
}

// Like JSON.parse, the last of equal names counts.
const LOSSLESS = {
  parseNumber: number,
  onDuplicateKey: ({ newValue }: { newValue: unknown }) => newValue,
};

/** Short numbers are doubles in both parsers. A number of more than 400 characters is infinite, so it is refused. */
function number(text: string): Numeric {
  return !LONG_NUMBER.test(text) ? Number(text) : (parseDecimal(text) ?? Number.POSITIVE_INFINITY);
}

/** The deepest level of brackets outside of strings, which is that of the document if it is JSON. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) i = stringEnd(text, i);
    else if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x5d || code === 0x7d) depth--;
  }
  return deepest;
}

function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) return i;
    if (code === 0x5c) i++;
  }
  return text.length;
}

/** The reference tokens of a JSON pointer (RFC 6901, section 3). */
export function pointerTokens(pointer: string): string[] {
  const [, ...tokens] = pointer.split('/');
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The pointer of a member or element. */
export function pointerTo(parent: string, token: string | number): string {
  return `${parent}/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

const INDEX = /^(?:0|[1-9]\d{0,9})$/;

/** The value that a pointer refers to (RFC 6901, section 4); undefined if there is none. */
export function resolvePointer(value: unknown, tokens: readonly string[]): unknown {
  let at = value;
  for (const token of tokens) {
    if (typeof at !== 'object' || at === null) return undefined;
    if (Array.isArray(at)) at = INDEX.test(token) ? at[Number(token)] : undefined;
    else at = Object.hasOwn(at, token) ? (at as Record<string, unknown>)[token] : undefined;
  }
  return at;
}
