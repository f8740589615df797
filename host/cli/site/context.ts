/** `mote site context`: orders, shifts and what else the business knows of the assets of a running site. */
import type { Command } from 'commander';
import { addCommand } from '../shared/command.ts';
import { SITE_OPTION, type SiteOptions } from '../shared/site-api.ts';
import { type Terminal, table } from '../shared/terminal.ts';
import { AT, exportFile, heldAt, type ImportOptions, importFile, REPLACE, rowsOf, ZONE } from './plant-files.ts';

const ADDRESS = '/api/context';

async function list(asset: string | undefined, { site, at }: SiteOptions & { at?: string }, terminal: Terminal) {
  const holds = await heldAt(at);
  const { context = [] } = await rowsOf(site, ADDRESS);
  const rows = context.filter((row) => holds(row) && (asset === undefined || row.asset === asset));
  terminal.data({ context: rows });
  if (rows.length === 0) terminal.line('Nothing holds at that time.');
  const columns = ['asset', 'kind', 'value', 'from', 'to'];
  for (const line of table(rows.map((row) => columns.map((column) => row[column] ?? '')))) terminal.line(line);
}

export function registerContext(site: Command): void {
  const group = site
    .command('context')
    .description('Orders, shifts, products, prices and other business context of the assets of a running site.');
  addCommand<[string?], SiteOptions & { at?: string }>(group, {
    usage: 'list [asset]',
    description: 'Prints what holds now or at another time, of all assets or of one.',
    options: [SITE_OPTION, AT],
    examples: ['mote site context list', 'mote site context list acme/berlin/line-1 --at 2026-12-01T06:00:00+01:00'],
    run: async ({ terminal, options, args: [asset] }) => list(asset, options, terminal).then(() => 0),
  });
  addCommand<[string], ImportOptions>(group, {
    usage: 'import <file>',
    description:
      'Takes a file as a whole or not at all: CSV with asset,kind,value,from,to, or JSON. The same file again changes nothing.',
    options: [SITE_OPTION, REPLACE, ZONE],
    examples: ['mote site context import orders.csv', 'mote site context import shifts.csv --zone +01:00'],
    run: async ({ terminal, options, args: [file] }) => importFile(ADDRESS, file, options, terminal).then(() => 0),
  });
  addCommand<[string?], SiteOptions & { csv?: boolean }>(group, {
    usage: 'export [file]',
    description: 'Writes what the site has as JSON, or as CSV; prints it without a file.',
    options: [SITE_OPTION, ['--csv', 'writes CSV']],
    examples: ['mote site context export context.json', 'mote site context export context.csv --csv'],
    run: async ({ terminal, options: { site, csv }, args: [file] }) =>
      exportFile(ADDRESS, file, { site, ...(csv === true && { table: 'context' }) }, terminal).then(() => 0),
  });
}
