/** `mote query`: a question to the store of a site, or its SQL. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { isObject, MoteError } from '../base/index.ts';
import {
  type Answer,
  alignment,
  answerCells,
  answerJson,
  ask,
  compile,
  DIALECTS,
  emit,
  lines,
  openDuckDb,
  orderedRows,
  type Plan,
  parseJsonQuery,
  parseQuery,
  printQuery,
  type Query,
} from '../site/query/index.ts';
import { addCommand, choice, interrupted } from './shared/command.ts';
import { away, callSite, refusal, requestSite, SITE_OPTION, type SiteOptions, sentEvents } from './shared/site-api.ts';
import { cutTo, type Terminal, table } from './shared/terminal.ts';

interface QueryOptions extends SiteOptions {
  store?: string;
  emit?: string;
  explain?: boolean;
  live?: boolean;
}

const EXAMPLE =
  "from points where name = 'temperature' as Cel exponent -2 window 1m by device select count, mean(value)";

async function query(text: string, options: QueryOptions, terminal: Terminal): Promise<void> {
  const given = [options.store, options.emit, options.explain, options.live].filter((option) => option !== undefined);
  if (given.length > 1) throw new MoteError('USAGE', 'mote query takes one of --store, --emit, --explain and --live.');
  const question = text.trimStart().startsWith('{') ? parseJsonQuery(text) : parseQuery(text);
  const context = { nowUs: Date.now() * 1000 };
  if (options.emit !== undefined) {
    const dialect = choice(options.emit, 'emit', DIALECTS);
    const sql = emit(compile(question, context), dialect);
    terminal.data({ dialect, sql });
    terminal.line(sql);
  } else if (options.explain === true) explain(question, terminal);
  else if (options.store !== undefined) await askStore(options.store, question, context, terminal);
  else if (options.live === true) await followSite(options.site, question, terminal);
  else await askSite(options.site, question, terminal);
}

/** Asks a running site by its API. Throws `SITE_AWAY`, and what the site reports of the question. */
async function askSite(url: string, question: Query, terminal: Terminal): Promise<void> {
  const body = await callSite(url, '/api/query', { method: 'POST', body: { query: printQuery(question) } });
  if (typeof body.query !== 'string' || !Array.isArray(body.rows)) throw away(url, 'has given no answer');
  // With the unit and the exponent that the site has chosen.
  const plan = compile(parseQuery(body.query), { nowUs: 0 });
  const rows = body.rows.map((row: unknown) => cellsOf(url, plan, row));
  show({ plan, rows }, terminal);
}

/** Integers are text in JSON. */
function cellsOf(url: string, plan: Plan, row: unknown): (string | bigint | null)[] {
  if (!Array.isArray(row) || row.length !== plan.columns.length)
    throw away(url, 'has answered with other columns than asked');
  return row.map((cell: unknown, i) => {
    if (cell === null || plan.columns[i]!.type === 'text') return cell === null ? null : String(cell);
    if (!/^-?\d{1,40}$/.test(String(cell))) throw away(url, 'has answered with a number that is none');
    return BigInt(String(cell));
  });
}

/** Rows until Ctrl-C: all at first, then those that are new, corrected or gone. */
async function followSite(url: string, question: Query, terminal: Terminal): Promise<void> {
  const ended = new AbortController();
  void interrupted().then(() => ended.abort());
  const path = `/api/query/live?query=${encodeURIComponent(printQuery(question))}`;
  const response = await requestSite(url, path, { signal: ended.signal });
  if (!response.ok) {
    const answer: unknown = await response.json().catch(() => null);
    throw refusal(url, response.status, isObject(answer) ? answer : {});
  }
  try {
    await printEvents(url, response, terminal);
  } catch (error) {
    if (!ended.signal.aborted) throw error instanceof MoteError ? error : away(url, 'has ended the answer', error);
  }
  if (!ended.signal.aborted) throw away(url, 'has ended the answer');
}

async function printEvents(url: string, response: Response, terminal: Terminal): Promise<void> {
  let plan: Plan | undefined;
  const known = new Map<string, (string | bigint | null)[]>();
  const print = (rows: (string | bigint | null)[][]) => {
    const answer = { plan: plan!, rows: orderedRows({ ...plan!, limit: null }, rows) };
    for (const line of table(answerCells(answer), alignment(plan!))) terminal.line(line);
  };
  let changed: (string | bigint | null)[][] = [];
  for await (const { event, data } of sentEvents(response)) {
    if (event === 'problem') throw refusal(url, 200, data);
    terminal.data({ type: event, ...data });
    if (event === 'columns') {
      // With the unit and the exponent that the site has chosen.
      plan = compile(parseQuery(String(data.query)), { nowUs: 0 });
      known.clear();
    } else if (plan !== undefined && event === 'rows') {
      for (const one of Array.isArray(data.set) ? data.set.filter(isObject) : []) {
        const row = cellsOf(url, plan, one.row);
        known.set(String(one.key), row);
        changed.push(row);
      }
      for (const key of Array.isArray(data.gone) ? data.gone : []) known.delete(String(key));
    } else if (plan !== undefined && event === 'current') {
      const current = new Set(known.values());
      const rows = changed.filter((row) => current.has(row));
      changed = [];
      terminal.line(terminal.paint('dim', `${new Date().toISOString().slice(11, 19)}, ${known.size} rows`));
      if (rows.length > 0) print(rows);
    }
  }
}

/** The question as it was understood. */
function explain(question: Query, terminal: Terminal): void {
  const { columns } = compile(question, { nowUs: 0 });
  const described = columns.map(({ name, type, exponent }) => ({
    name,
    type,
    ...(type === 'number' ? { exponent } : {}),
  }));
  terminal.data({ query: question, columns: described });
  terminal.line(printQuery(question));
  terminal.line();
  const rows = described.map(({ name, type, exponent }) => [
    name,
    type,
    exponent === undefined ? '' : `x 10^${exponent}`,
  ]);
  for (const line of table(rows)) terminal.line(line);
}

async function askStore(file: string, question: Query, context: { nowUs: number }, terminal: Terminal): Promise<void> {
  if (!existsSync(file)) throw new MoteError('FILE', `${file} doesn't exist: name the telemetry.duckdb of a site.`);
  const { database, close } = await openDuckDb(file);
  try {
    show(await ask(database, question, context), terminal);
  } finally {
    close();
  }
}

function show(answer: Answer, terminal: Terminal): void {
  terminal.data(answerJson(answer));
  for (const line of table(answerCells(answer), alignment(answer.plan))) terminal.line(line);
  const drawn = lines(answer, Math.max(10, Math.floor(terminal.columns / 2)));
  if (drawn.length === 0) return;
  terminal.line();
  const rows = drawn.map(({ group, column, bars, least, greatest }) => [
    ...group,
    column,
    bars,
    `${least} to ${greatest}`,
  ]);
  for (const line of table(rows)) terminal.line(cutTo(line, terminal.columns));
}

export function registerQuery(program: Command): void {
  addCommand<[string], QueryOptions>(program, {
    usage: 'query <question>',
    description:
      'Asks a running site or the store of one, or prints the SQL of a question. A question is text or JSON, as docs/queries.md describes. Times relative to now count from this moment.',
    options: [
      SITE_OPTION,
      ['--store <file>', "asks this DuckDB store, the telemetry.duckdb of a site that isn't running"],
      ['--emit <dialect>', `prints the SQL: ${DIALECTS.join(', ')}`],
      ['--live', 'goes on until Ctrl-C, and prints the rows that are new or corrected; a limit is left out'],
      ['--explain', 'prints the question as it is understood, and the columns of its answer'],
    ],
    examples: [
      `mote query "${EXAMPLE}"`,
      `mote query --emit duckdb "${EXAMPLE}"`,
      'mote query --explain "from events window session 30s by device select count"',
      'mote query --live "from points window 1m by device select count, mean(value)"',
      'mote query --store site/telemetry.duckdb "from points by device, name select count"',
    ],
    async run({ terminal, options, args: [text] }) {
      await query(text, options, terminal);
      return 0;
    },
  });
}
