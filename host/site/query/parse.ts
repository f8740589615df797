/** The text form of a question; docs/queries.md has the grammar. */
import { MoteError } from '../../base/index.ts';
import { type PartPath, QueryFault } from './fault.ts';
import { checkedQuery } from './json.ts';
import {
  type Column,
  type Comparison,
  type Condition,
  type Expression,
  FIELD_AGGREGATES,
  type Field,
  type Key,
  type Level,
  LIMITS,
  type Operator,
  type Order,
  type Query,
  type Term,
  type Window,
} from './query.ts';
import { placedError, Scanner, type Span } from './scanner.ts';

const OPERATORS: readonly Operator[] = ['<=', '>=', '!=', '=', '<', '>'];
const FIELDS: readonly Field[] = ['value', 'time', 'quality'];

/**
 * Parses and checks a question. `file` is how messages name the text. Throws `QUERY` with line, column and the source around the mistake.
 */
export function parseQuery(text: string, file = 'query'): Query {
  if (Buffer.byteLength(text) > LIMITS.textBytes) {
    throw new MoteError('QUERY', `The question is longer than ${LIMITS.textBytes} bytes.`);
  }
  const parser = new Parser(new Scanner(text, file));
  const query = parser.query();
  try {
    return checkedQuery(query);
  } catch (cause) {
    if (!(cause instanceof QueryFault)) throw cause;
    throw placedError(file, text, cause.message, parser.spanOf(cause.path));
  }
}

/** The name of a key or column that is given none. */
export function termName(term: Term): string {
  if (typeof term === 'string') return term;
  if ('asset' in term) return `asset_${term.asset}`;
  const [kind, key] = 'tag' in term ? ['tag', term.tag] : ['context', term.context];
  return [kind, key, ...(term.at === undefined ? [] : [term.at])].join('_');
}

/** The name of an aggregate that is given none; null for anything else, which must have a name. */
export function expressionName(expression: Expression): string | null {
  if (!('aggregate' in expression)) return null;
  return 'of' in expression ? `${expression.aggregate}_${expression.of}` : expression.aggregate;
}

class Parser {
  readonly #scanner: Scanner;
  /** Where the parts of the question stand, by their paths. */
  readonly #spans = new Map<string, Span>();
  #depth = 0;

  constructor(scanner: Scanner) {
    this.#scanner = scanner;
  }

  /** The place of a part, or of the nearest part around it that has one. */
  spanOf(path: PartPath): Span {
    for (let length = path.length; length > 0; length--) {
      const span = this.#spans.get(path.slice(0, length).join('/'));
      if (span !== undefined) return span;
    }
    return { from: 0, to: 0 };
  }

  query(): Query {
    const s = this.#scanner;
    s.expectWord('from', 'at the beginning, as in "from points select count"');
    const from = s.oneOf(['points', 'events']) ?? s.fail('Expected "points" or "events"');
    const query: { -readonly [K in keyof Query]: Query[K] } = { from, select: [] };
    if (s.word('where')) query.where = this.#list('where', 'and', (path) => this.#condition(path));
    if (s.word('as')) query.as = this.#part(['as'], () => this.#as());
    if (s.word('window')) query.window = this.#part(['window'], () => this.#window());
    if (s.word('lateness')) query.latenessMs = this.#part(['latenessMs'], () => s.duration());
    if (s.word('by')) query.by = this.#list('by', ',', (path) => this.#key(path));
    s.expectWord('select', query.by === undefined ? 'or another clause' : '');
    query.select = this.#list('select', ',', (path) => this.#column(path));
    if (s.word('having')) query.having = this.#list('having', 'and', (path) => this.#comparison(path));
    if (s.word('order')) {
      s.expectWord('by', 'after "order"');
      query.order = this.#list('order', ',', () => this.#order());
    }
    if (s.word('limit')) query.limit = this.#part(['limit'], () => s.integer('a number of rows'));
    if (!s.atEnd) s.fail('Expected the next clause or the end; clauses come in the order of docs/queries.md');
    return query;
  }

  #part<T>(path: PartPath, read: () => T): T {
    const from = this.#scanner.at;
    const value = read();
    this.#spans.set(path.join('/'), this.#scanner.since(from));
    return value;
  }

  #list<T>(clause: string, between: ',' | 'and', read: (path: PartPath) => T): T[] {
    const out: T[] = [];
    do {
      const path = [clause, out.length];
      out.push(this.#part(path, () => read(path)));
    } while (between === ',' ? this.#scanner.sign(',') !== null : this.#scanner.word('and'));
    return out;
  }

  #as(): NonNullable<Query['as']> {
    const s = this.#scanner;
    const exponent = () => s.integer('an exponent, such as -3');
    if (s.word('exponent')) return { exponent: exponent() };
    const unit = s.optionalString() ?? s.name('a unit or "exponent"');
    return s.word('exponent') ? { unit, exponent: exponent() } : { unit };
  }

  #window(): Window {
    const s = this.#scanner;
    if (s.word('session')) return { gapMs: s.duration() };
    const sizeMs = s.duration();
    return s.word('every') ? { sizeMs, everyMs: s.duration() } : { sizeMs };
  }

  #condition(path: PartPath): Condition {
    const s = this.#scanner;
    const field = s.oneOf(FIELDS);
    if (field !== null) return this.#fieldCondition(field);
    const term = this.#part([...path, 'term'], () => this.#term());
    if (term === 'asset' && s.word('under')) return { under: s.path() };
    const not = s.word('not');
    if (not || s.word('in')) {
      if (not) s.expectWord('in', 'after "not"');
      s.expectSign('(');
      const texts: string[] = [];
      do texts.push(s.string('a text'));
      while (s.sign(',') !== null);
      s.expectSign(')');
      return not ? { term, notIn: texts } : { term, in: texts };
    }
    const op = s.sign('!=', '=') ?? s.fail('Expected =, !=, in or not in');
    const text = [s.string('a text')];
    return op === '=' ? { term, in: text } : { term, notIn: text };
  }

  #fieldCondition(field: Field): Condition {
    const s = this.#scanner;
    const op = this.#operator();
    if (field === 'quality') return { field, op, than: s.integer('a quality of 0 to 255') };
    if (field === 'value') return { field, op, than: s.number('a number') };
    if (s.word('now')) {
      if (s.sign('-') === null) return { field, op, than: { agoMs: 0 } };
      return { field, op, than: { agoMs: s.duration() } };
    }
    const from = s.at;
    const text = s.string('a time, such as \'2026-11-29T20:00:00Z\', or "now - 1h",');
    return {
      field,
      op,
      than: parseTime(text) ?? s.fail(`"${text}" isn't a time in UTC, such as 2026-11-29T20:00:00Z`, s.since(from)),
    };
  }

  #operator(): Operator {
    return this.#scanner.sign(...OPERATORS) ?? this.#scanner.fail('Expected =, !=, <, <=, > or >=');
  }

  #term(): Term {
    const s = this.#scanner;
    const plain = s.oneOf(['device', 'name', 'unit']);
    if (plain !== null) return plain;
    if (s.word('asset')) return s.sign('.') === null ? 'asset' : { asset: this.#level() };
    const kind = s.oneOf(['tag', 'context']) ?? s.fail('Expected device, name, unit, asset, tag.NAME or context.NAME');
    s.expectSign('.');
    const key = s.key(`the name of a ${kind}`);
    const at = s.word('at') ? { at: this.#level() } : {};
    return kind === 'tag' ? { tag: key, ...at } : { context: key, ...at };
  }

  #level(): Level {
    const number = this.#scanner.optionalNumber();
    if (number === null) return this.#scanner.name('a level of assets, such as line or 4');
    return Number(number);
  }

  #key(path: PartPath): Key {
    const term = this.#part([...path, 'term'], () => this.#term());
    return { name: this.#alias(path) ?? termName(term), term };
  }

  #alias(path: PartPath): string | null {
    if (!this.#scanner.word('as')) return null;
    return this.#part([...path, 'name'], () => this.#scanner.name('the name of a column'));
  }

  #column(path: PartPath): Column {
    const s = this.#scanner;
    if (s.word('histogram')) {
      s.expectSign('(');
      s.expectWord('value', 'in a histogram');
      const histogram: string[] = [];
      while (s.sign(',') !== null) histogram.push(s.number('an edge'));
      if (histogram.length === 0) s.fail('Expected the edges of the histogram, as in histogram(value, 10, 20)');
      s.expectSign(')');
      return { name: this.#alias(path) ?? 'histogram', histogram };
    }
    const value = this.#part([...path, 'value'], () => this.#expression([...path, 'value']));
    const name = this.#alias(path) ?? expressionName(value) ?? s.fail('Expected "as" and a name for this column');
    return { name, value };
  }

  #comparison(path: PartPath): Comparison {
    const left = this.#expression([...path, 'left']);
    const op = this.#operator();
    return { left, op, right: this.#expression([...path, 'right']) };
  }

  #expression(path: PartPath): Expression {
    return this.#chain(['+', '-'], path, () => this.#chain(['*', '/'], path, () => this.#primary(path)));
  }

  #chain(signs: readonly ('+' | '-' | '*' | '/')[], path: PartPath, next: () => Expression): Expression {
    const from = this.#scanner.at;
    let left = next();
    for (;;) {
      const op = this.#scanner.sign(...signs);
      if (op === null) return left;
      left = { op, left, right: next() };
      // A chain nests to the left, one level for each sign.
      this.#spans.set(path.join('/'), this.#scanner.since(from));
    }
  }

  #primary(path: PartPath): Expression {
    if (++this.#depth > LIMITS.depth) this.#scanner.fail(`An expression has more than ${LIMITS.depth} nested parts`);
    const expression = this.#unnested(path);
    this.#depth--;
    return expression;
  }

  #unnested(path: PartPath): Expression {
    const s = this.#scanner;
    if (s.sign('(') !== null) {
      const inner = this.#expression(path);
      s.expectSign(')');
      return inner;
    }
    if (s.sign('-') !== null) return { number: `-${s.optionalNumber() ?? s.fail('Expected a number after "-"')}` };
    const number = s.optionalNumber();
    if (number !== null) return { number };
    if (s.word('count')) return { aggregate: 'count' };
    const called = s.oneOf([...FIELD_AGGREGATES, 'abs', 'scale'] as const);
    if (called === null) return s.fail(`Expected a number, count, ${FIELD_AGGREGATES.join(', ')}, abs or scale`);
    s.expectSign('(');
    const expression = this.#call(called, path);
    s.expectSign(')');
    return expression;
  }

  #call(called: (typeof FIELD_AGGREGATES)[number] | 'abs' | 'scale', path: PartPath): Expression {
    const s = this.#scanner;
    if (called === 'abs') return { abs: this.#expression([...path, 'abs']) };
    if (called === 'scale') {
      const scale = this.#expression([...path, 'scale']);
      s.expectSign(',');
      return { scale, exponent: s.integer('an exponent, such as -3') };
    }
    return { aggregate: called, of: s.oneOf(FIELDS) ?? s.fail('Expected value, time or quality') };
  }

  #order(): Order {
    const column = this.#scanner.name('a column');
    if (this.#scanner.word('desc')) return { column, descending: true };
    this.#scanner.word('asc');
    return { column };
  }
}

const TIME = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?Z?$/;

/** UTC microseconds of an ISO 8601 date, or date and time, in UTC; null if it is none. */
export function parseTime(text: string): number | null {
  const found = TIME.exec(text);
  if (found === null || (found[2] !== undefined && !text.endsWith('Z'))) return null;
  const [, date, clock = '00:00', seconds = '00', fraction = ''] = found;
  const ms = Date.parse(`${date}T${clock}:${seconds}Z`);
  // Date.parse takes the 30th of February for the 2nd of March.
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(`${date}T${clock}:${seconds}`)) return null;
  return ms * 1000 + Number(fraction.padEnd(6, '0'));
}
