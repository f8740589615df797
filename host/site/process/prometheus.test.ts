/** The metrics of a site, scraped by Prometheus. */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram, lacking, titled } from '../../base/needs.ts';
import { freePort } from '../../messaging/mqtt/testing.ts';
import { TestSite } from './testing.ts';

const TOKEN = 'prometheus-0123456789';
let test: TestSite;
beforeEach(() => {
  test = new TestSite();
});
afterEach(() => test.delete());

const missing = lacking('prometheus');
describe.skipIf(missing !== null)(titled('Prometheus', missing), () => {
  it('reads the metrics of a site with its token', async () => {
    const site = await test.start('', `listen: "127.0.0.1:0", token: ${TOKEN}`);
    const config = join(test.dir, 'prometheus.yml');
    writeFileSync(
      config,
      `global: { scrape_interval: 1s }
scrape_configs:
  - job_name: site
    authorization: { credentials: ${TOKEN} }
    static_configs: [{ targets: ["${new URL(site.apiUrl).host}"] }]
`,
    );
    const port = await freePort();
    const prometheus = spawn(
      findProgram('prometheus')!,
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(test.dir, 'tsdb')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    const ended = new Promise((resolve) => prometheus.once('close', resolve));
    try {
      const value = async (query: string) => {
        const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`;
        const response = await fetch(url).catch(() => null);
        const { data } = response === null ? { data: undefined } : ((await response.json()) as { data?: Found });
        return data?.result[0]?.value[1];
      };
      await expect.poll(() => value('mote_site_ready'), { timeout: 60_000, interval: 200 }).toBe('1');
      expect(await value('up{job="site"}')).toBe('1');
      expect(await value('mote_site_nodes{state="online"}')).toBe('0');
    } finally {
      prometheus.kill();
      await ended;
    }
  });

  it('finds nothing to object to in their names and types', async () => {
    await test.start();
    const { text } = await test.request('/metrics');
    const check = (input: string) => {
      const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
      return `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
    };
    expect(check('# TYPE wrong counter\nwrong 1\n')).not.toEqual([]);
    expect(check(text).filter((line) => line.startsWith('mote_') || /error/.test(line))).toEqual([]);
  });
});

interface Found {
  result: { value: [time: number, value: string] }[];
}
