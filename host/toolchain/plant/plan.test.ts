import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampled } from '../../base/test-form.ts';
import { DEFAULT_PLAN } from './default-plan.ts';
import { faultsOf, outages, parsePlan, seconds } from './plan.ts';
import { assetLines, placementLines } from './records.ts';

const MINIMAL = `machines:
  - { name: pump, kind: pump, count: 3 }
nodes:
  - { name: v, app: condition, sensors: { accelerometer: 6400 } }
`;
const DAY = 86_400;

describe('a plant file', () => {
  it('that init writes has six machines, with their defects', () => {
    const plan = parsePlan(DEFAULT_PLAN, 'plant.yaml');
    expect(plan.machines.map(({ name }) => name)).toEqual(['pump-1', 'pump-2', 'fan-1', 'fan-2', 'press-1', 'press-2']);
    expect(plan.faults).toHaveLength(6);
    expect(plan.startMs).toBe(Date.UTC(2026, 0, 5));
    expect(plan.nodes.map(({ app }) => app.split('/').at(-1))).toEqual(['condition', 'motor']);
  });

  it.each([
    ['an unknown key', `${MINIMAL}sede: 1\n`, /plant\.yaml:1:1: it must NOT have additional properties: sede/],
    [
      'an unknown kind',
      MINIMAL.replace('kind: pump', 'kind: pumps'),
      /plant\.yaml:2:25: machines\.0\.kind .*: pump, fan, press/,
    ],
    [
      'a name that topics can’t carry',
      MINIMAL.replace('name: pump', 'name: "a/b"'),
      /:2:13: machines\.0\.name must match/,
    ],
    [
      'a name twice',
      MINIMAL.replace('nodes:', '  - { name: pump-2, kind: fan }\nnodes:'),
      /:3:13: machines\.1\.name is there twice: pump-2/,
    ],
    ['too many machines', MINIMAL.replace('count: 3', 'count: 10001'), /:2:38: machines\.0\.count must be <= 10000/],
    [
      'too many machines in all',
      MINIMAL.replace('count: 3 }', 'count: 10000 }\n  - { name: fan, kind: fan }'),
      /:3:5: machines\.1 is beyond 10000/,
    ],
    ['an app that isn’t there', MINIMAL.replace('app: condition', 'app: nothing'), /:4:21: nodes\.0\.app is no app/],
    [
      'a fault of no machine',
      `${MINIMAL}faults: [{ machine: fan, what: imbalance, from: 1d, to: 2d }]\n`,
      /:5:21: faults\.0\.machine names no machine/,
    ],
    [
      'a fault that ends before it begins',
      `${MINIMAL}faults: [{ machine: pump-1, what: imbalance, from: 2d, to: 1d }]\n`,
      /:5:60: faults\.0\.to must be later/,
    ],
    [
      'a fault of a sensor without the sensor',
      `${MINIMAL}faults: [{ machine: pump-1, what: sensor.stuck, from: 1d, to: 2d }]\n`,
      /:5:10: faults\.0 needs a sensor/,
    ],
    [
      'a bearing that can’t be',
      MINIMAL.replace('count: 3', 'bearing: { balls: 9, ball: 2, pitch: 1 }'),
      /:2:40: machines\.0\.bearing .*not possible/,
    ],
    ['a day that isn’t one', `${MINIMAL}start: 2026-13-01T00:00:00Z\n`, /:5:8: start is no date/],
    [
      'a node that is always awake',
      `${MINIMAL}network: { every: 10s }\n`,
      /:5:19: network\.every must be longer than awake/,
    ],
    ['what is no YAML', 'machines: [', /plant\.yaml: /],
    [
      'aliases without end',
      `a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c]\n`,
      /plant\.yaml: .*alias/,
    ],
  ])('with %s is rejected with the place', (_, text, message) => {
    expect(() => parsePlan(text, 'plant.yaml')).toThrow(message);
    expect(() => parsePlan(text, 'plant.yaml')).toThrow(expect.objectContaining({ code: 'PLANT' }));
  });

  it('gives assets from the top down, and the place of each node', () => {
    const plan = parsePlan(`site: acme/north\n${MINIMAL.replace('count: 3', 'area: east')}`, 'plant.yaml');
    expect(assetLines(plan)).toEqual([
      'path,level',
      'acme,enterprise',
      'acme/north,site',
      'acme/north/east,area',
      'acme/north/east/pump,machine',
    ]);
    expect(placementLines(plan)).toEqual([
      'device,asset,from,to',
      'pump-v,acme/north/east/pump,2026-01-05T00:00:00.000Z,',
    ]);
  });
});

it('durations have their units', () => {
  expect(['90s', '10m', '6h', '1.5d'].map(seconds)).toEqual([90, 600, 21_600, 129_600]);
});

describe('chance', () => {
  const plan = parsePlan(`${MINIMAL}randomFaults: { perMachineYear: 2 }\n`, 'plant.yaml');

  it('makes about as many faults as the file asks for, and the same ones for longer runs', () => {
    const year = 365 * DAY;
    const all = Array.from({ length: 200 }, (_, i) => faultsOf(plan, `m-${i}`, year));
    const count = all.flat().length;
    expect(count).toBeGreaterThan(300);
    expect(count).toBeLessThan(500);
    expect(new Set(all.flat().map(({ what }) => what)).size).toBe(11);
    const short = faultsOf(plan, 'm-1', 60 * DAY);
    expect(faultsOf(plan, 'm-1', year).slice(0, short.length)).toEqual(short);
  });

  it('makes spans without power that are in order, apart, and before the end', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 20_000 }),
        (seed, days, length) => {
          const found = outages({ perSecond: 3 / DAY, lengthS: length }, seed, days * DAY);
          const fits = found.every(
            ({ fromS, toS }, i) => toS > fromS && fromS < days * DAY && fromS > (found[i - 1]?.toS ?? 0),
          );
          expect(fits).toBe(true);
        },
      ),
      { numRuns: sampled(200) },
    );
    const month = outages({ perSecond: 3 / DAY, lengthS: 60 }, 5, 30 * DAY);
    expect(month.length).toBeGreaterThan(60);
    expect(month.length).toBeLessThan(120);
  });
});
