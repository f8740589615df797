/** For tests: a site on free ports, with all that it opens closed at the end of each test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig, type SiteConfig } from '../config/index.ts';
import { Site } from './index.ts';

export const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests compare what they get
  readonly json: any;
}

/** A folder with one site in it, which can be started again and again. */
export class TestSite {
  readonly dir = mkdtempSync(join(tmpdir(), 'moteware-site-'));
  #site: Site | undefined;

  get site(): Site {
    return this.#site!;
  }

  /** `more` is YAML. */
  config(more = '', http = 'listen: 127.0.0.1:0'): SiteConfig {
    const text = `data: data\nbroker: embedded:0\nhttp: { ${http} }\n${more}\n`;
    return parseConfig(text, join(this.dir, 'site.yaml'));
  }

  async start(more = '', http?: string): Promise<Site> {
    await this.stop();
    this.#site = await Site.start(this.config(more, http), { log: quiet });
    return this.#site;
  }

  async request(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(this.site.apiUrl + path, init);
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.request(path, { method: 'POST', body: JSON.stringify(body) });
  }

  /** Resolves when all that was acknowledged is in the store. */
  applied(): Promise<void> {
    return this.site.store.still(async () => {});
  }

  /** All points as texts, in an order that doesn't depend on how they were stored. */
  async points(): Promise<string[]> {
    const rows = await this.site.store.telemetry.query(
      'SELECT device, name, unit, exponent, t, value, quality FROM points JOIN series ON series.id = points.series',
    );
    return rows.map((row) => Object.values(row).join(' | ')).sort();
  }

  async stop(): Promise<void> {
    await this.#site?.close();
    this.#site = undefined;
  }

  async delete(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
