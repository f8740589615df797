/** `mote query`: a question to the store of a site, or its SQL. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { MoteError } from '../base/index.ts';
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
  parseJsonQuery,
  parseQuery,
  printQuery,
  type Query,
} from '../site/query/index.ts';
import { addCommand, choice } from './shared/command.ts';
import { away, callSite, SITE_OPTION, type SiteOptions } from './shared/site-api.ts';
import { cutTo, type Terminal, table } from './shared/terminal.ts';

interface QueryOptions extends SiteOptions {
  store?: string;
  emit?: string;
  explain?: boolean;
}

const EXAMPLE =
  "from points where name = 'temperature' as Cel exponent -2 window 1m by device select count, mean(value)";

async function query(text: string, options: QueryOptions, terminal: Terminal): Promise<void> {
  const given = [options.store, options.emit, options.explain].filter((option) => option !== undefined);
  if (given.length > 1) throw new MoteError('USAGE', 'mote query takes one of --store, --emit and --explain.');
  const question = text.trimStart().startsWith('{') ? parseJsonQuery(text) : parseQuery(text);
  const context = { nowUs: Date.now() * 1000 };
  if (options.emit !== undefined) {
    const dialect = choice(options.emit, 'emit', DIALECTS);
    const sql = emit(compile(question, context), dialect);
    terminal.data({ dialect, sql });
    terminal.line(sql);
  } else if (options.explain === true) explain(question, terminal);
  else if (options.store !== undefined) await askStore(options.store, question, context, terminal);
  else await askSite(options.site, question, terminal);
}

/** Asks a running site by its API. Throws `SITE_AWAY`, and what the site reports of the question. */
async function askSite(url: string, question: Query, terminal: Terminal): Promise<void> {
  const body = await callSite(url, '/api/query', { method: 'POST', body: { query: printQuery(question) } });
  if (typeof body.query !== 'string' || !Array.isArray(body.rows)) throw away(url, 'has given no answer');
  // With the unit and the exponent that the site has chosen.
  const plan = compile(parseQuery(body.query), { nowUs: 0 });
  const rows = body.rows.map((row: unknown) => {
    if (!Array.isArray(row) || row.length !== plan.columns.length)
      throw away(url, 'has answered with other columns than asked');
    return row.map((cell: unknown, i) => {
      if (cell === null || plan.columns[i]!.type === 'text') return cell === null ? null : String(cell);
      if (!/^-?\d{1,40}$/.test(String(cell))) throw away(url, 'has answered with a number that is none');
      return BigInt(String(cell));
    });
  });
  show({ plan, rows }, terminal);
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
      ['--explain', 'prints the question as it is understood, and the columns of its answer'],
    ],
    examples: [
      `mote query "${EXAMPLE}"`,
      `mote query --emit duckdb "${EXAMPLE}"`,
      'mote query --explain "from events window session 30s by device select count"',
      'mote query --store site/telemetry.duckdb "from points by device, name select count"',
    ],
    async run({ terminal, options, args: [text] }) {
      await query(text, options, terminal);
      return 0;
    },
  });
}
