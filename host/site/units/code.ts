/** Parses a code of UCUM (UCUM, section 2) into its exact factor to base units. */
import { type Factor, fraction, multiply, ONE, power } from './rational.ts';

/** UCUM, tables 1 and 5, as powers of 10; and of 1024. */
const PREFIXES: { readonly [prefix: string]: number } = {
  Y: 24,
  Z: 21,
  E: 18,
  P: 15,
  T: 12,
  G: 9,
  M: 6,
  k: 3,
  h: 2,
  da: 1,
  d: -1,
  c: -2,
  m: -3,
  u: -6,
  n: -9,
  p: -12,
  f: -15,
  a: -18,
  z: -21,
  y: -24,
};
const BINARY: { readonly [prefix: string]: number } = { Ki: 1, Mi: 2, Gi: 3, Ti: 4 };

/** The factor of an atom; null if there is no such atom, or it is no ratio. */
export type AtomFactor = (atom: string) => Factor | null;

/** Characters of a code. */
export const MAX_CODE = 64;
const MAX_DEPTH = 8;
const MAX_EXPONENT = 99;

/** Null for a code that isn't valid, is longer than 64 characters, or has an atom without a factor. */
export function factorOf(code: string, atom: AtomFactor): Factor | null {
  if (code.length === 0 || code.length > MAX_CODE) return null;
  const parser = { code, at: 0, atom };
  const factor = term(parser, 0);
  return parser.at === code.length ? factor : null;
}

interface Parser {
  readonly code: string;
  at: number;
  readonly atom: AtomFactor;
}

/** What matches at the place of the parser, which moves behind it. */
function take(parser: Parser, pattern: RegExp): string | undefined {
  const match = pattern.exec(parser.code.slice(parser.at))?.[0];
  parser.at += match?.length ?? 0;
  return match;
}

function term(parser: Parser, depth: number): Factor | null {
  if (depth > MAX_DEPTH) return null;
  let result = ONE;
  let operator = take(parser, /^\//) ?? '.';
  for (;;) {
    const factor = component(parser, depth);
    if (factor === null) return null;
    result = multiply(result, operator === '/' ? power(factor, -1) : factor);
    const next = take(parser, /^[./]/);
    if (next === undefined) return result;
    operator = next;
  }
}

function component(parser: Parser, depth: number): Factor | null {
  const annotation = /^\{[!-z|~]*\}/;
  if (take(parser, annotation) !== undefined) return ONE;
  let base: Factor | null;
  if (take(parser, /^\(/) !== undefined) {
    base = term(parser, depth + 1);
    return take(parser, /^\)/) === undefined ? null : base;
  }
  const ten = take(parser, /^10[*^]/);
  if (ten === undefined) {
    const integer = take(parser, /^[1-9]\d{0,8}(?![*^])/);
    if (integer !== undefined) {
      take(parser, annotation);
      return fraction(BigInt(integer), 1n);
    }
    base = unit(take(parser, /^(?:\[[^[\]]{1,24}\]|[A-Za-z%'"_])+/) ?? '', parser.atom);
  } else base = fraction(10n, 1n);
  const exponent = Number(take(parser, /^[+-]?\d{1,2}/) ?? 1);
  take(parser, annotation);
  return base === null || Math.abs(exponent) > MAX_EXPONENT ? null : power(base, exponent);
}

/** An atom, or a prefix and an atom. */
function unit(text: string, atom: AtomFactor): Factor | null {
  if (text === '') return null;
  const whole = atom(text);
  if (whole !== null) return whole;
  for (const length of [2, 1]) {
    const [prefix, rest] = [text.slice(0, length), text.slice(length)];
    const [decimal, binary] = [PREFIXES[prefix], BINARY[prefix]];
    const factor = rest === '' ? null : atom(rest);
    if (factor === null) continue;
    if (decimal !== undefined) return multiply(power(fraction(10n, 1n), decimal), factor);
    if (binary !== undefined) return multiply(power(fraction(1024n, 1n), binary), factor);
  }
  return null;
}
