/** The page of `mote model inspect --html`, as a browser shows it on a phone and on a desktop. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packagePath } from '../host/base/index.ts';
import { findProgram, lacking, titled } from '../host/base/needs.ts';
import { inspectModel, renderHtml } from '../host/toolchain/compiler/index.ts';

const executablePath = findProgram('chromium');
const MODELS = ['hello_world', 'kws', 'person_detect'];
const SIZES = [
  { width: 390, height: 844 },
  { width: 1280, height: 900 },
];

describe.skipIf(executablePath === null)(titled('the plan page', lacking('chromium')), () => {
  const dir = mkdtempSync(join(tmpdir(), 'mote-page-'));
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
    });
  });
  afterAll(async () => {
    await browser.close();
    rmSync(dir, { recursive: true });
  });

  async function open(html: string, name: string, viewport: { width: number; height: number }) {
    const file = join(dir, `${name}.html`);
    writeFileSync(file, html);
    const page = await browser.newPage({ viewport });
    const requests: string[] = [];
    const faults: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => faults.push(message.text()));
    await page.goto(pathToFileURL(file).href);
    return { page, requests, faults };
  }

  it.each(MODELS.flatMap((model) => SIZES.map((size) => ({ model, ...size }))))(
    'shows all of $model at $width pixels, and loads nothing from other hosts',
    async ({ model, width, height }) => {
      const report = inspectModel(readFileSync(packagePath('models', model, 'model.tflite')), { name: model });
      const { page, requests, faults } = await open(renderHtml(report), model, { width, height });
      expect(await page.title()).toContain(model);
      // A wide diagram scrolls inside a box of its own; the page itself never scrolls sideways.
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect(overflow).toBe(0);
      const drawn = await page.locator('svg rect').count();
      expect(drawn).toBeGreaterThanOrEqual(report.plan.length);
      const rows = await page.locator('table tbody tr').count();
      expect(rows).toBe(report.layers.length);
      expect(requests).toHaveLength(1);
      expect(faults).toEqual([]);
      await page.close();
    },
  );

  it("shows a hostile tensor's name as text", async () => {
    const report = inspectModel(readFileSync(packagePath('models', 'hello_world', 'model.tflite')), {
      name: '<img src=x onerror="document.title=1">',
    });
    const { page, requests } = await open(renderHtml(report), 'hostile', SIZES[1]!);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('h1').textContent()).toBe('<img src=x onerror="document.title=1">');
    expect(requests).toHaveLength(1);
    await page.close();
  });
});
