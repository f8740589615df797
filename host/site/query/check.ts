/** What a question must keep beyond the schema of its JSON form, without knowing the site. */
import { isWireText } from '../../base/index.ts';
import { type PartPath, QueryFault } from './fault.ts';
import { type Decimal, parseDecimal } from './fixed.ts';
import { type Expression, LIMITS, type Query, type Term, WINDOW_COLUMNS } from './query.ts';

/** Names of the columns of an answer, in order. */
export function columnNames({ window, by = [], select }: Query): string[] {
  const selected = select.flatMap((column) =>
    'histogram' in column
      ? Array.from({ length: column.histogram.length + 1 }, (_, i) => `${column.name}_${i}`)
      : [column.name],
  );
  return [...(window === undefined ? [] : WINDOW_COLUMNS), ...by.map(({ name }) => name), ...selected];
}

/** Throws a `QueryFault` for what the schema can't express. */
export function checkQuery(query: Query): void {
  checkTexts(query);
  checkNames(query);
  checkWindow(query);
  if (query.from === 'events') checkEvents(query);
  const parts = { left: LIMITS.parts as number };
  for (const [i, column] of query.select.entries()) {
    const path = ['select', i, 'histogram' in column ? 'histogram' : 'value'];
    if ('histogram' in column) checkEdges(column.histogram.map(parseDecimal), path);
    else checkExpression(column.value, path, query, parts);
  }
  for (const [i, { left, right }] of (query.having ?? []).entries()) {
    checkExpression(left, ['having', i, 'left'], query, parts);
    checkExpression(right, ['having', i, 'right'], query, parts);
  }
}

function checkText(text: string, path: PartPath): void {
  if (!isWireText(text))
    throw new QueryFault(path, 'A text has a control character, a lone surrogate or a non-character.');
}

function checkTerm(term: Term, path: PartPath): void {
  if (typeof term === 'string') return;
  for (const [member, value] of Object.entries(term))
    if (typeof value === 'string') checkText(value, [...path, member]);
}

function checkTexts({ where = [], as, by = [] }: Query): void {
  for (const [i, condition] of where.entries()) {
    const path = ['where', i];
    if ('under' in condition) checkText(condition.under, [...path, 'under']);
    if (!('term' in condition)) continue;
    checkTerm(condition.term, [...path, 'term']);
    const [member, texts] = 'in' in condition ? (['in', condition.in] as const) : (['notIn', condition.notIn] as const);
    for (const [j, text] of texts.entries()) checkText(text, [...path, member, j]);
  }
  for (const [i, { term }] of by.entries()) checkTerm(term, ['by', i, 'term']);
  if (as?.unit !== undefined) checkText(as.unit, ['as', 'unit']);
}

function checkNames(query: Query): void {
  const names = columnNames(query);
  const seen = new Set<string>();
  const own = [
    ...(query.by ?? []).map(({ name }, i) => ({ path: ['by', i, 'name'], names: [name] })),
    ...query.select.map((column, i) => ({
      path: ['select', i, 'name'],
      names: columnNames({ ...query, window: undefined, by: [], select: [column] }),
    })),
  ];
  if (query.window !== undefined) for (const name of WINDOW_COLUMNS) seen.add(name);
  for (const { path, names } of own) {
    for (const name of names) {
      checkText(name, path);
      if (Buffer.byteLength(name) > 63)
        throw new QueryFault(path, `The name of the column ${name} is longer than 63 bytes.`);
      // DuckDB's names of columns don't distinguish capitals.
      const folded = name.toLowerCase();
      if (seen.has(folded))
        throw new QueryFault(path, `Two columns have the name ${name}; give one another name with "as".`);
      seen.add(folded);
    }
  }
  for (const [i, { column }] of (query.order ?? []).entries()) {
    if (!names.includes(column)) {
      throw new QueryFault(
        ['order', i, 'column'],
        `There is no column ${column} to order by; the columns are ${names.join(', ')}.`,
      );
    }
  }
}

function checkWindow({ window }: Query): void {
  if (window === undefined || !('everyMs' in window)) return;
  const { sizeMs, everyMs } = window;
  if (sizeMs % everyMs !== 0) {
    throw new QueryFault(
      ['window', 'sizeMs'],
      `The size of the window, ${sizeMs} ms, isn't a multiple of ${everyMs} ms.`,
    );
  }
  if (sizeMs / everyMs > LIMITS.overlap) {
    throw new QueryFault(
      ['window', 'everyMs'],
      `A row would be in ${sizeMs / everyMs} windows; at most ${LIMITS.overlap} may overlap.`,
    );
  }
}

const NOT_OF_EVENTS = 'Events have neither values, units nor quality; ask "from points".';

function checkEvents({ where = [], as, by = [], select }: Query): void {
  for (const [i, condition] of where.entries()) {
    const missing =
      'term' in condition ? condition.term === 'unit' : 'field' in condition && condition.field !== 'time';
    if (missing) throw new QueryFault(['where', i], NOT_OF_EVENTS);
  }
  for (const [i, { term }] of by.entries()) if (term === 'unit') throw new QueryFault(['by', i], NOT_OF_EVENTS);
  for (const [i, column] of select.entries())
    if ('histogram' in column) throw new QueryFault(['select', i], NOT_OF_EVENTS);
  if (as !== undefined) throw new QueryFault(['as'], NOT_OF_EVENTS);
}

function checkEdges(edges: readonly Decimal[], path: PartPath): void {
  const value = ({ integer, exponent }: Decimal) => integer * 10n ** BigInt(18 + exponent);
  for (const [i, edge] of edges.entries()) {
    if (i > 0 && value(edges[i - 1]!) >= value(edge))
      throw new QueryFault([...path, i], 'The edges of a histogram must ascend.');
  }
}

function checkExpression(
  expression: Expression,
  path: PartPath,
  query: Query,
  parts: { left: number },
  depth = 1,
): void {
  if (depth > LIMITS.depth) throw new QueryFault(path, `An expression has more than ${LIMITS.depth} nested parts.`);
  if (--parts.left < 0) throw new QueryFault(path, `The expressions have more than ${LIMITS.parts} parts.`);
  const inner = (part: Expression, member: string) => checkExpression(part, [...path, member], query, parts, depth + 1);
  if ('op' in expression) {
    inner(expression.left, 'left');
    inner(expression.right, 'right');
  } else if ('abs' in expression) inner(expression.abs, 'abs');
  else if ('scale' in expression) inner(expression.scale, 'scale');
  else if ('of' in expression && expression.of !== 'time' && query.from === 'events')
    throw new QueryFault(path, NOT_OF_EVENTS);
}
