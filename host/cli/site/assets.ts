/** `mote site assets`: the tree of a running site, its placements and tags. */
import type { Command } from 'commander';
import { MoteError } from '../../base/index.ts';
import { addCommand, pairs } from '../shared/command.ts';
import { SITE_OPTION, type SiteOptions } from '../shared/site-api.ts';
import { type Terminal, table } from '../shared/terminal.ts';
import {
  AT,
  type ExportOptions,
  exportFile,
  heldAt,
  type ImportOptions,
  importFile,
  post,
  REPLACE,
  rowsOf,
  ZONE,
} from './plant-files.ts';

const ADDRESS = '/api/assets';
const FROM: [string, string] = ['--from <time>', 'since when it holds, such as 2026-12-01T06:00:00+01:00'];
const TO: [string, string] = ['--to <time>', 'until when it holds; until the next is known without it'];

interface Times extends SiteOptions {
  readonly from?: string;
  readonly to?: string;
}

async function list(
  top: string | undefined,
  { site, at }: SiteOptions & { at?: string },
  terminal: Terminal,
): Promise<void> {
  const holds = await heldAt(at);
  const { assets = [], placements = [], tags = [] } = await rowsOf(site, ADDRESS);
  const now = <T extends Record<string, string>>(rows: T[]) => rows.filter(holds);
  const shown = assets.filter(({ path }) => top === undefined || path === top || path!.startsWith(`${top}/`));
  if (top !== undefined && shown.length === 0)
    throw new MoteError('ASSETS', `There is no asset ${top}; "mote site assets list" shows all.`);
  const [placed, tagged] = [now(placements), now(tags)];
  const tree = shown.map(({ path, level }) => ({
    path: path!,
    level: level!,
    devices: placed.filter(({ asset }) => asset === path).map(({ device }) => device!),
    tags: Object.fromEntries(tagged.filter(({ asset }) => asset === path).map(({ key, value }) => [key!, value!])),
  }));
  terminal.data({ assets: tree });
  if (tree.length === 0) terminal.line('There are no assets yet; import a file with: mote site assets import FILE');
  const depth = (path: string) => path.split('/').length - 1;
  const least = Math.min(...tree.map(({ path }) => depth(path)));
  const rows = tree.map(({ path, level, devices, tags }) => [
    `${'  '.repeat(depth(path) - least)}${path.slice(path.lastIndexOf('/') + 1)}`,
    terminal.paint('dim', level),
    devices.join(' '),
    Object.entries(tags)
      .map(([key, value]) => `${key}=${value}`)
      .join(' '),
  ]);
  for (const line of table(rows)) terminal.line(line);
}

/** Members without a text are absent. */
const row = (cells: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(cells).filter(([, text]) => text !== undefined));

export function registerAssets(site: Command): void {
  const group = site
    .command('assets')
    .description('The assets of a running site, where devices are placed, and tags; docs/assets.md describes them.');
  addCommand<[string?], SiteOptions & { at?: string }>(group, {
    usage: 'list [path]',
    description: 'Prints the tree, or what is below an asset, with the devices and tags of each.',
    options: [SITE_OPTION, AT],
    examples: ['mote site assets list', 'mote site assets list acme/berlin --at 2026-06-01 --json'],
    run: async ({ terminal, options, args: [path] }) => list(path, options, terminal).then(() => 0),
  });
  addCommand<[string], ImportOptions>(group, {
    usage: 'import <file>',
    description:
      'Takes a file as a whole or not at all: CSV with one table, or JSON. The same file again changes nothing.',
    options: [SITE_OPTION, REPLACE, ZONE],
    examples: ['mote site assets import plant.csv', 'mote site assets import plant.json --replace'],
    run: async ({ terminal, options, args: [file] }) => importFile(ADDRESS, file, options, terminal).then(() => 0),
  });
  addCommand<[string?], ExportOptions>(group, {
    usage: 'export [file]',
    description: 'Writes what the site has as JSON, or one table as CSV; prints it without a file.',
    options: [SITE_OPTION, ['--table <name>', 'writes this table as CSV: assets, placements or tags']],
    examples: ['mote site assets export plant.json', 'mote site assets export moves.csv --table placements'],
    run: async ({ terminal, options, args: [file] }) => exportFile(ADDRESS, file, options, terminal).then(() => 0),
  });
  addCommand<[string, string?], Times>(group, {
    usage: 'place <device> [asset]',
    description:
      'A device is at an asset from a time on, which ends where it was then. Without an asset, it is nowhere.',
    options: [SITE_OPTION, [FROM[0], `${FROM[1]}; now without it`], TO],
    examples: [
      'mote site assets place pump-7 acme/berlin/hall-2/press-4',
      'mote site assets place pump-7 acme/berlin/hall-3 --from 2026-12-01T06:00:00+01:00',
    ],
    async run({ terminal, options: { from = new Date().toISOString(), to, ...options }, args: [device, asset] }) {
      await post(options, ADDRESS, { placements: [row({ device, asset, from, to })] }, terminal);
      return 0;
    },
  });
  addCommand<[string, string[]], Times>(group, {
    usage: 'tag <asset> <tags...>',
    description: 'Tags of an asset, as key=value; a key without a value ends it.',
    options: [SITE_OPTION, [FROM[0], `${FROM[1]}; it has always held without it`], TO],
    examples: [
      'mote site assets tag acme/berlin/hall-2/press-4 position=DE medium=oil',
      'mote site assets tag acme/berlin/hall-2/press-4 position= --from 2026-12-01T06:00:00+01:00',
    ],
    async run({ terminal, options: { from, to, ...options }, args: [asset, list] }) {
      const tags = pairs(list, 'A tag').map(([key, value]) => row({ asset, key, value, from, to }));
      await post(options, ADDRESS, { tags }, terminal);
      return 0;
    },
  });
  addCommand<[string, string], SiteOptions>(group, {
    usage: 'rename <path> <new-path>',
    description: 'Corrects the path of an asset and of all below it, for all times.',
    options: [SITE_OPTION],
    examples: ['mote site assets rename acme/berln acme/berlin'],
    run: async ({ terminal, options, args: [path, to] }) =>
      post(options, `${ADDRESS}/rename`, { path, to }, terminal).then(() => 0),
  });
  addCommand<[string, string], SiteOptions & { at?: string }>(group, {
    usage: 'move <path> <new-path>',
    description: 'An asset and all below it are at another path from a time on; what was before stays.',
    options: [SITE_OPTION, ['--at <time>', 'when it moves, such as 2026-12-01T06:00:00+01:00; now without it']],
    examples: ['mote site assets move acme/berlin/hall-2/press-4 acme/berlin/hall-3/press-4'],
    run: async ({ terminal, options, args: [path, to] }) =>
      post(options, `${ADDRESS}/move`, row({ path, to, at: options.at }), terminal).then(() => 0),
  });
}
