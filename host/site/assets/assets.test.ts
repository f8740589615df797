/** The model in both stores, and questions that join it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lacking, titled } from '../../base/needs.ts';
import { cases } from '../../base/test-form.ts';
import { ask, parseQuery } from '../query/index.ts';
import { SiteStore } from '../store/index.ts';
import { decodeTest, freshSchema, PostgresServer, rowsOf, testMessage } from '../store/testing.ts';
import { Assets } from './assets.ts';
import { type AssetModel, EMPTY, type Input, move, taken } from './model.ts';
import { writeRegistry } from './rows.ts';
import { inputs } from './testing.ts';

const FIRST = 1_790_000_000_000_000;
const HOUR = 3_600_000_000;

let dir: string;
let server: PostgresServer | undefined;
const missing = lacking('psql');
beforeAll(async () => {
  if (missing === null) server = await PostgresServer.start();
});
afterAll(() => server?.delete());
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-assets-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const TREE: Input = {
  assets: [
    { path: 'acme', level: 'enterprise', place: '' },
    { path: 'acme/hall 2', level: 'area', place: '' },
    { path: 'acme/hall 2/press-4', level: 'machine', place: '' },
    { path: 'acme/hall 3', level: 'area', place: '' },
    { path: 'acme/hall 3/line-1', level: 'line', place: '' },
    { path: 'acme/hall 3/line-1/press-5', level: 'machine', place: '' },
  ],
};
const fact = (subject: string, text: string | null, from: number, key = '') => {
  return { subject, key, text, from, to: null, place: '' };
};

describe.each([
  { name: 'SQLite and DuckDB', reason: null },
  { name: 'PostgreSQL', reason: missing },
])('assets in $name', ({ name, reason }) => {
  const open = (schema: string) => {
    const postgres = name === 'PostgreSQL' ? { postgres: server!.url, schema } : {};
    return SiteStore.open({ dir, ...postgres });
  };

  it.skipIf(reason !== null)(titled('are as they were after a restart, and their copy is equal', reason), async () => {
    const schema = freshSchema();
    let site = await open(schema);
    let assets = await Assets.open(site);
    const changes = fc.sample(inputs, { numRuns: cases(60), seed: 7 });
    for (const [i, input] of changes.entries()) await assets.take(input, i % 5 === 4).catch(() => {});
    const before = assets.model;
    const copies = async () => {
      const tables = ['placements', 'asset_tags', 'context'];
      return Promise.all(
        [site.telemetry, site.registry].map((store) => Promise.all(tables.map((t) => rowsOf(store, t)))),
      );
    };
    const [copy, truth] = await copies();
    expect(copy).toEqual(truth);
    expect(before.assets.size).toBeGreaterThan(0);
    await site.close();
    site = await open(schema);
    assets = await Assets.open(site);
    expect(assets.model).toEqual(before);
    expect(await copies()).toEqual([truth, truth]);
    await site.close();
  });

  it.skipIf(reason !== null)(titled('have an equal copy after a kill between both stores', reason), async () => {
    const schema = freshSchema();
    let site = await open(schema);
    const assets = await Assets.open(site);
    await assets.take({ ...TREE, placements: [fact('n', 'acme/hall 2/press-4', FIRST)] }, false);
    // What the registry has when the process ends before the copy is written.
    const after = taken(assets.model, { placements: [fact('n', 'acme/hall 3', FIRST + HOUR)] }, false);
    await site.registry.transaction((sql) => writeRegistry(sql, site.registry.dialect, assets.model, after));
    await site.telemetry.query(
      "INSERT INTO context VALUES ('acme', 'order', 'x', 0, NULL), ('acme', 'order', 'x', 0, NULL)",
    );
    await site.close();
    site = await open(schema);
    await Assets.open(site);
    expect(await rowsOf(site.telemetry, 'placements')).toEqual(await rowsOf(site.registry, 'placements'));
    expect(await rowsOf(site.telemetry, 'placements')).toHaveLength(2);
    expect(await rowsOf(site.telemetry, 'context')).toEqual([]);
    await site.close();
  });

  it.skipIf(reason !== null)(titled('are in questions as of the time of each point', reason), async () => {
    const site = await open(freshSchema());
    const assets = await Assets.open(site);
    const press = 'acme/hall 2/press-4';
    await assets.take(
      {
        ...TREE,
        placements: [fact('n', press, FIRST), fact('n', 'acme/hall 3/line-1/press-5', FIRST + HOUR)],
        tags: [fact(press, 'DE', 0, 'position')],
        context: [fact('acme/hall 2', 'A-17', FIRST, 'order'), fact('acme/hall 3/line-1', 'B-1', FIRST, 'order')],
      },
      false,
    );
    const ingest = await site.ingest({ decode: decodeTest });
    for (const at of [-HOUR, 0, HOUR - 1, HOUR, 2 * HOUR])
      await ingest.append(testMessage({ t: FIRST + at, values: [1] }));
    await ingest.flush();
    const database = {
      dialect: site.telemetry.dialect,
      rows: async (sql: string) => (await site.telemetry.query(sql)).map((row) => Object.values(row)),
    };
    const answer = async (by: string) => {
      const { rows } = await ask(database, parseQuery(`from points by ${by} select count`));
      return rows.map((row) => row.map(String));
    };
    const moved = [
      [press, 'acme/hall 2', '2'],
      ['acme/hall 3/line-1/press-5', 'acme/hall 3', '2'],
      ['null', 'null', '1'],
    ];
    expect(await answer('asset.machine, asset.area')).toEqual(moved);
    expect(await answer('context.order at area, tag.position')).toEqual([
      ['A-17', 'DE', '2'],
      ['null', 'null', '3'],
    ]);
    expect(await answer('context.order at line')).toEqual([
      ['B-1', '2'],
      ['null', '3'],
    ]);
    // The machine itself moves later; the points from before stay.
    await assets.move('acme/hall 3/line-1/press-5', 'acme/hall 2/press-5', FIRST + 2 * HOUR);
    expect(await answer('asset.machine, asset.area')).toEqual([
      [press, 'acme/hall 2', '2'],
      ['acme/hall 2/press-5', 'acme/hall 2', '1'],
      ['acme/hall 3/line-1/press-5', 'acme/hall 3', '1'],
      ['null', 'null', '1'],
    ]);
    // A name that was wrong was always wrong.
    await assets.rename('acme/hall 2', 'acme/Halle 2');
    expect((await answer('asset.machine, asset.area')).map(([machine]) => machine)).toEqual([
      'acme/Halle 2/press-4',
      'acme/Halle 2/press-5',
      'acme/hall 3/line-1/press-5',
      'null',
    ]);
    expect(await answer('context.order at area')).toEqual([
      ['A-17', '3'],
      ['null', '2'],
    ]);
    await site.close();
  });
});

describe('a model', () => {
  const known: AssetModel = taken(EMPTY, TREE, false);

  it.each<[Input, RegExp]>([
    [{ assets: [{ path: 'acme/x/y', level: 'point', place: 'line 2' }] }, /^line 2: there is no asset acme\/x above/],
    [{ assets: [{ path: 'acme/hall 2/q', level: 'site', place: 'line 2' }] }, /site, which isn't below area/],
    [{ assets: [{ path: 'acme', level: 'point', place: 'line 2' }] }, /isn't below point/],
    [
      { placements: [{ ...fact('n', 'acme/nowhere', 1), place: 'line 7' }] },
      /^line 7: there is no asset acme\/nowhere/,
    ],
    [
      {
        placements: [
          { ...fact('n', 'acme', 1), to: 5, place: 'line 2' },
          { ...fact('n', 'acme/hall 2', 4), place: 'line 3' },
        ],
      },
      /^line 3: it holds at a time at which line 2 holds/,
    ],
  ])('refuses what contradicts itself: %#', (input, message) => {
    expect(() => taken(known, input, false)).toThrow(message);
  });

  it('names ten mistakes at once, and how many more there are', () => {
    const placements = Array.from({ length: 12 }, (_, i) => ({ ...fact(`n${i}`, 'none', 1), place: `line ${i + 2}` }));
    let message = '';
    try {
      taken(known, { placements }, false);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message.split('\n')).toHaveLength(11);
    expect(message).toMatch(/^line 2: .*\n(.*\n)+and 2 more$/);
  });

  it('replaces the tables that a file has, if nothing else needs what they had', () => {
    const placed = taken(known, { placements: [fact('n', 'acme/hall 2', 1)] }, false);
    expect(() => taken(placed, { assets: TREE.assets!.slice(0, 1) }, true)).toThrow(
      /hall 2: it is missing, and has plac/,
    );
    expect(taken(placed, { assets: TREE.assets!.slice(0, 1), placements: [] }, true).assets.size).toBe(1);
  });

  it('moves an asset with its tags and context, and leaves what was before', () => {
    const press = 'acme/hall 2/press-4';
    const before = taken(
      known,
      { tags: [fact(press, 'DE', 0, 'position')], context: [fact(press, 'A', 10, 'order')] },
      false,
    );
    const to = 'acme/hall 3/line-1/press-4';
    const after = move(before, press, to, 20);
    const spans = (path: string) => [
      after.tags.get(`${path}\0position`)?.spans,
      after.context.get(`${path}\0order`)?.spans,
    ];
    expect(spans(press)).toEqual([[{ from: 0, to: 20, text: 'DE' }], [{ from: 10, to: 20, text: 'A' }]]);
    expect(spans(to)).toEqual([[{ from: 20, to: null, text: 'DE' }], [{ from: 20, to: null, text: 'A' }]]);
    // Back again: the place is known, and is as before from then on.
    const back = move(after, to, press, 30);
    expect(back.tags.get(`${press}\0position`)?.spans).toEqual([
      { from: 0, to: 20, text: 'DE' },
      { from: 30, to: null, text: 'DE' },
    ]);
    const occupied = taken(after, { placements: [fact('n', to, 5)] }, false);
    expect(() => move(occupied, press, to, 40)).toThrow(/The device n is at acme\/hall 3\/line-1\/press-4 then/);
  });
});
