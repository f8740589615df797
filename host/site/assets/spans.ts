/**
 * What held when, about one subject: a device's asset, a tag, an order. Times are UTC microseconds, and a span is
 * half-open. Spans of one subject are in the order of time, don't overlap, and adjacent ones differ in their text, so
 * that one history has one form.
 */
export interface Span {
  readonly from: number;
  /** Null: until further notice. */
  readonly to: number | null;
  readonly text: string;
}

/** What someone states: from a time on, until another, or until the next one that is known. */
export interface Statement {
  readonly from: number;
  /** Null: until the next statement, or until a span with another text begins. */
  readonly to: number | null;
  /** Null: nothing held. */
  readonly text: string | null;
}

/** 1970: what holds from here on has always held. */
export const ALWAYS = 0;
/** UTC microseconds are safe integers (2255-06-05). */
export const LAST_TIME = Number.MAX_SAFE_INTEGER;

const endOf = ({ to }: { to: number | null }): number => to ?? Number.POSITIVE_INFINITY;

/** The spans after statements were written over them. Both are in the order of time, and neither overlaps itself. */
function overwritten(spans: readonly Span[], statements: readonly Statement[]): Span[] {
  const bounds = [...spans, ...statements].flatMap((one) => [one.from, endOf(one)]);
  const times = [...new Set(bounds)].sort((a, b) => (a < b ? -1 : 1));
  const result: Span[] = [];
  let [s, w] = [0, 0];
  for (const [i, from] of times.slice(0, -1).entries()) {
    while (s < spans.length && endOf(spans[s]!) <= from) s++;
    while (w < statements.length && endOf(statements[w]!) <= from) w++;
    const holds = [statements[w], spans[s]].find((one) => one !== undefined && one.from <= from);
    const text = holds?.text ?? null;
    if (text === null) continue;
    const end = times[i + 1]!;
    const to = end === Number.POSITIVE_INFINITY ? null : end;
    const last = result.at(-1);
    if (last?.text === text && last.to === from) result[result.length - 1] = { ...last, to };
    else result.push({ from, to, text });
  }
  return result;
}

/** The spans after one statement, whose end is known, was written over them. */
export const written = (spans: readonly Span[], statement: Statement): Span[] => overwritten(spans, [statement]);

/** The spans after all statements, which don't contradict each other. The same statements again change nothing. */
export function stated(spans: readonly Span[], statements: readonly Statement[]): Span[] {
  const ordered = [...statements].sort((a, b) => a.from - b.from);
  // The same statement twice is one.
  const distinct = ordered.filter(({ from }, i) => from !== ordered[i - 1]?.from);
  // By span: the begin of the next one with another text.
  const others = new Array<number>(spans.length).fill(Number.POSITIVE_INFINITY);
  for (let i = spans.length - 2; i >= 0; i--)
    others[i] = spans[i]!.text === spans[i + 1]!.text ? others[i + 1]! : spans[i + 1]!.from;
  let s = 0;
  const ended = distinct.map((one, i) => {
    if (one.to !== null) return one;
    while (s < spans.length && spans[s]!.from <= one.from) s++;
    // A span of the same text is part of what is stated.
    const span = spans[s];
    const other = span?.text === one.text ? others[s]! : (span?.from ?? Number.POSITIVE_INFINITY);
    const end = Math.min(distinct[i + 1]?.from ?? Number.POSITIVE_INFINITY, other);
    return { ...one, to: end === Number.POSITIVE_INFINITY ? null : end };
  });
  return overwritten(spans, ended);
}

/** The first two statements that contradict each other: both hold at some time. Null: none do. */
export function contradiction<T extends Statement>(statements: readonly T[]): readonly [T, T] | null {
  const ordered = [...statements].sort((a, b) => a.from - b.from);
  for (const [i, one] of ordered.entries()) {
    const next = ordered[i + 1];
    if (next === undefined) return null;
    const same = next.from === one.from && next.to === one.to && next.text === one.text;
    const apart = one.to === null ? next.from > one.from : next.from >= one.to;
    if (!same && !apart) return [one, next];
  }
  return null;
}

/** What held at a time; null: nothing. */
export function textAt(spans: readonly Span[], timeUs: number): string | null {
  return spans.find(({ from, to }) => from <= timeUs && timeUs < (to ?? Number.POSITIVE_INFINITY))?.text ?? null;
}

/** The part of the spans from a time on, and the part before. */
export function splitAt(spans: readonly Span[], timeUs: number): { before: Span[]; after: Span[] } {
  const before = written(spans, { from: timeUs, to: null, text: null });
  const after = written(spans, { from: Number.NEGATIVE_INFINITY, to: timeUs, text: null });
  return { before, after };
}
