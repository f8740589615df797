/** Prints a question in its text form; `parseQuery` reads it back as the same question. */
import { formatTime } from '../model/index.ts';
import { expressionName, termName } from './parse.ts';
import type { Column, Condition, Expression, Level, Query, Term, Window } from './query.ts';
import { isBareKey, isBareName, isBarePath, UNIT_MS } from './scanner.ts';

/** One clause a line. */
export function printQuery(query: Query): string {
  const { from, where, as, window, latenessMs, by, select, having, order, limit } = query;
  const lines = [`from ${from}`];
  const clause = (word: string, parts: readonly string[] | undefined, between: string) => {
    if (parts !== undefined && parts.length > 0) lines.push(`${word} ${parts.join(between)}`);
  };
  clause('where', where?.map(condition), '\n  and ');
  const scale =
    as === undefined
      ? []
      : [as.unit === undefined ? [] : [unit(as.unit)], as.exponent === undefined ? [] : [`exponent ${as.exponent}`]];
  clause('as', scale.flat(), ' ');
  clause('window', window === undefined ? undefined : [windowText(window)], '');
  clause('lateness', latenessMs === undefined ? undefined : [duration(latenessMs)], '');
  clause(
    'by',
    by?.map((one) => named(term(one.term), one.name, termName(one.term))),
    ', ',
  );
  clause('select', select.map(column), ', ');
  const compared = having?.map(({ left, op, right }) => `${expression(left)} ${op} ${expression(right)}`);
  clause('having', compared, '\n  and ');
  clause(
    'order by',
    order?.map(({ column, descending }) => `${name(column)}${descending === true ? ' desc' : ''}`),
    ', ',
  );
  clause('limit', limit === undefined ? undefined : [`${limit}`], '');
  return lines.join('\n');
}

const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`;
const name = (value: string) => (isBareName(value) ? value : quoted(value));
const key = (value: string) => (isBareKey(value) ? value : quoted(value));
const unit = (value: string) => (isBareName(value) ? value : text(value));
const level = (value: Level) => (typeof value === 'number' ? `${value}` : name(value));
const named = (what: string, own: string, usual: string | null) => (own === usual ? what : `${what} as ${name(own)}`);

/** 5400000 is `1h30m`. */
export function duration(ms: number): string {
  let left = ms;
  let out = '';
  for (const [unit, size] of Object.entries(UNIT_MS)) {
    const count = Math.floor(left / size);
    if (count > 0) out += `${count}${unit}`;
    left -= count * size;
  }
  return out || '0s';
}

function windowText(window: Window): string {
  if ('gapMs' in window) return `session ${duration(window.gapMs)}`;
  return 'everyMs' in window ? `${duration(window.sizeMs)} every ${duration(window.everyMs)}` : duration(window.sizeMs);
}

function term(value: Term): string {
  if (typeof value === 'string') return value;
  if ('asset' in value) return `asset.${level(value.asset)}`;
  const at = value.at === undefined ? '' : ` at ${level(value.at)}`;
  return 'tag' in value ? `tag.${key(value.tag)}${at}` : `context.${key(value.context)}${at}`;
}

function condition(value: Condition): string {
  if ('under' in value) return `asset under ${isBarePath(value.under) ? value.under : text(value.under)}`;
  if ('field' in value) {
    const { field, op, than } = value;
    if (typeof than === 'object') return `time ${op} now${than.agoMs === 0 ? '' : ` - ${duration(than.agoMs)}`}`;
    return `${field} ${op} ${field === 'time' ? text(formatTime(than as number)) : than}`;
  }
  const [texts, equal, list] = 'in' in value ? [value.in, '=', 'in'] : [value.notIn, '!=', 'not in'];
  if (texts.length === 1) return `${term(value.term)} ${equal} ${text(texts[0]!)}`;
  return `${term(value.term)} ${list} (${texts.map(text).join(', ')})`;
}

function column(value: Column): string {
  if ('histogram' in value) return named(`histogram(value, ${value.histogram.join(', ')})`, value.name, 'histogram');
  return named(expression(value.value), value.name, expressionName(value.value));
}

const RANK = { '+': 1, '-': 1, '*': 2, '/': 2 } as const;

/** An expression, in parentheses if it binds less than `rank`. */
function expression(value: Expression, rank = 0): string {
  if ('number' in value) return value.number;
  if ('abs' in value) return `abs(${expression(value.abs)})`;
  if ('scale' in value) return `scale(${expression(value.scale)}, ${value.exponent})`;
  if ('aggregate' in value) return 'of' in value ? `${value.aggregate}(${value.of})` : value.aggregate;
  const own = RANK[value.op];
  const chain = `${expression(value.left, own)} ${value.op} ${expression(value.right, own + 1)}`;
  return own < rank ? `(${chain})` : chain;
}
