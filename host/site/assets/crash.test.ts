/** Ends real processes at random moments of a change of assets. In the full form only: each process takes a second. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FULL } from '../../base/test-form.ts';
import { Compiled, randomBelow } from '../../base/testing.ts';
import { SiteStore } from '../store/index.ts';
import { rowsOf } from '../store/testing.ts';
import { Assets } from './assets.ts';

const KILLS = 15;

it.skipIf(!FULL)(`keeps each acknowledged change, and an equal copy, over ${KILLS} kills`, async () => {
  const root = mkdtempSync(join(tmpdir(), 'moteware-assets-crash-'));
  const compiled = await Compiled.of('host/site/assets/crash.ts');
  const acknowledged = join(root, 'acknowledged');
  appendFileSync(acknowledged, '');
  const random = randomBelow(11);
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const child = await compiled.run(`
        const { appendFileSync } = await import('node:fs');
        const site = await SiteStore.open({ dir: ${JSON.stringify(join(root, 'site'))} });
        const assets = await Assets.open(site);
        await assets.take({ assets: [{ path: 'acme', level: 'enterprise', place: '' }] }, false);
        const change = async (i) => {
          const row = { subject: 'n' + i, key: '', text: 'acme', from: i, to: null, place: '' };
          await assets.take({ placements: [row] }, false);
          appendFileSync(${JSON.stringify(acknowledged)}, 'n' + i + '\\n');
        };
        for (let i = ${kill * 1000}; ; i++) {
          const changed = change(i);
          if (i === ${kill * 1000 + random(40)}) print('enough');
          await changed;
        }
      `);
      await child.kill();
      if (kill % 5 !== 4) continue;
      const site = await SiteStore.open({ dir: join(root, 'site') });
      await Assets.open(site);
      const truth = await rowsOf(site.registry, 'placements');
      expect(await rowsOf(site.telemetry, 'placements')).toEqual(truth);
      const devices = new Set((await site.registry.query('SELECT device FROM placements')).map(({ device }) => device));
      const lost = readFileSync(acknowledged, 'utf8')
        .split('\n')
        .filter((one) => one !== '' && !devices.has(one));
      expect(lost).toEqual([]);
      await site.close();
    }
  } finally {
    compiled.delete();
    rmSync(root, { recursive: true, force: true });
  }
});
