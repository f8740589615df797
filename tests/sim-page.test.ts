/** The page of `mote sim --open` in a browser: it shows what the terminal prints of the same run. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packagePath } from '../host/base/index.ts';
import { findProgram, lacking, titled } from '../host/base/needs.ts';
import { mote, ndjson, type Program, startMote } from './program.ts';

const executablePath = findProgram('chromium');
const KEYWORD = packagePath('assembly', 'apps', 'keyword');
const STREAM = packagePath('recordings', 'speech', 'stream.wav');

/** Ends a hang. */
const LIMIT = { timeout: 60_000 };

it('reports a mistake in the options before it opens the page', async () => {
  const wrong = [
    ['-i', 'missing.wav'],
    ['-i', STREAM, '--set', 'treshold=3'],
    ['-i', STREAM, '--guard', '--state', 'node.flash'],
  ];
  for (const args of wrong) {
    const { code, stdout } = await mote(['sim', KEYWORD, ...args, '--open', '--no-browser', '--json'], packagePath());
    expect([code, stdout.includes('"type":"page"')], args.join(' ')).toEqual([2, false]);
  }
});

describe.skipIf(executablePath === null)(titled('the page of a simulation', lacking('chromium')), () => {
  const dir = mkdtempSync(join(tmpdir(), 'mote-sim-page-'));
  let browser: Browser;
  let run: Program;
  let url: string;
  let end: Record<string, unknown>;

  const start = async (...args: string[]) => {
    const program = startMote(['sim', KEYWORD, ...args, '--open', '--no-browser', '--json'], dir);
    const line = await program.line((text) => text.includes('"type":"page"'));
    return { program, url: String(JSON.parse(line).url) };
  };

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
    });
    ({ program: run, url } = await start('-i', STREAM));
    end = JSON.parse(await run.line((text) => text.includes('"type":"end"')));
  });
  afterAll(async () => {
    await browser.close();
    run.kill('SIGINT');
    await run.ended;
    rmSync(dir, { recursive: true, force: true });
  });

  async function open(size = { width: 1440, height: 900 }, of = url) {
    const page = await browser.newPage({ viewport: size });
    const faults: string[] = [];
    const requests: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    // Chromium advises against reading pixels often, as this test does.
    page.on('console', (message) => message.text().includes('willReadFrequently') || faults.push(message.text()));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(of);
    await page.locator('[data-track="sensor:microphone"]').waitFor();
    return { page, faults, requests };
  }
  /** Number of different colours in the middle of a row's canvas; a drawn signal has more than its background. */
  const coloursIn = (page: Page, track: string) =>
    page.locator(`[data-track="${track}"] canvas`).evaluate((canvas) => {
      // The function runs in the browser, whose types this program doesn't have.
      const { width, height, getContext } = canvas as unknown as {
        width: number;
        height: number;
        getContext(kind: '2d'): { getImageData(...area: number[]): { data: Uint8ClampedArray } };
      };
      const { data } = getContext.call(canvas, '2d').getImageData(width / 4, 0, width / 2, height);
      const colours = new Set<number>();
      for (let i = 0; i < data.length; i += 4)
        colours.add((data[i]! << 24) | (data[i + 1]! << 16) | (data[i + 2]! << 8) | data[i + 3]!);
      return colours.size;
    });
  const clock = async (page: Page) => (await page.locator('#clock').textContent()) ?? '';
  const entries = (page: Page) => page.locator('.entry.event').allTextContents();

  it('draws signals, metrics, taps and memory, and lists the events that the terminal prints', async () => {
    const { page, faults, requests } = await open();
    for (const track of ['sensor:microphone', 'metric:score.yes', 'tap:features', 'tap:scores', 'memory', 'fuel'])
      await expect.poll(() => coloursIn(page, track), LIMIT).toBeGreaterThan(1);
    const printed = ndjson(await printedSoFar());
    const events = printed.filter((line) => line.type === 'event') as {
      t: number;
      name: string;
      body: { word: string; score: number };
    }[];
    expect(events).toHaveLength(end.events as number);
    await expect
      .poll(() => entries(page), LIMIT)
      .toEqual(events.map(({ t, name, body }) => `${t.toFixed(3)} s${name}word=${body.word} score=${body.score}`));
    expect(faults).toEqual([]);
    expect(requests.every((request) => request.startsWith(url) || request === 'data:,')).toBe(true);
    await page.close();
  });

  /** What `mote` has printed; the run is over. */
  async function printedSoFar(): Promise<string> {
    const lines: string[] = [];
    await run.line((text) => {
      lines.push(text);
      return text.includes('"type":"end"');
    });
    return lines.join('\n');
  }

  it('moves the cursor by keys, the ruler and an event, with taps and memory of that time', async () => {
    const { page, faults } = await open();
    await page.keyboard.press('Home');
    await expect.poll(() => clock(page), LIMIT).toBe('0.000 s');
    await page.keyboard.press('n');
    await expect.poll(() => clock(page), LIMIT).toBe('1.800 s');
    await expect.poll(() => page.locator('#body').textContent(), LIMIT).toMatch(/keyword #0 \{\s+"word": "yes"/);
    const score = page.locator('[data-track="metric:score.yes"] .values');
    await expect.poll(() => score.textContent(), LIMIT).toBe('226');
    await page.locator('.entry').nth(2).click();
    await expect.poll(() => clock(page), LIMIT).toBe('6.200 s');
    await page.keyboard.press('2');
    const features = page.locator('#taps article', { hasText: 'features' });
    await expect.poll(() => features.textContent(), LIMIT).toMatch(/at 6\.\d+ s/);
    await page.keyboard.press('3');
    await expect
      .poll(() => page.locator('#memory-note').textContent(), LIMIT)
      .toMatch(/^\d+ bytes, recorded at 6\.\d+ s/);
    await expect.poll(() => page.locator('#hex').textContent(), LIMIT).toContain('00000');
    const ruler = (await page.locator('#ruler').boundingBox())!;
    await page.mouse.click(ruler.x + ruler.width / 2, ruler.y + 10);
    await expect.poll(() => clock(page), LIMIT).toMatch(/^3\.\d+ s$/);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('zooms by wheel at the pointer, moves by dragging, and shows the whole run again', async () => {
    const { page } = await open();
    const plot = page.locator('[data-track="sensor:microphone"] .plot');
    const box = (await plot.boundingBox())!;
    const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    await page.mouse.move(middle.x, middle.y);
    await expect.poll(() => clock(page), LIMIT).toMatch(/^3\./);
    const before = Number.parseFloat(await clock(page));
    await page.mouse.wheel(0, -900);
    await expect.poll(async () => Math.abs(Number.parseFloat(await clock(page)) - before), LIMIT).toBeLessThan(0.05);
    await page.mouse.move(middle.x + 200, middle.y);
    await expect.poll(async () => Number.parseFloat(await clock(page)) - before, LIMIT).toBeGreaterThan(0.1);
    const right = Number.parseFloat(await clock(page));
    expect(right - before).toBeLessThan(1);
    await page.mouse.down();
    await page.mouse.move(middle.x, middle.y, { steps: 4 });
    await page.mouse.up();
    await page.mouse.move(middle.x, middle.y + 1);
    await expect.poll(async () => Math.abs(Number.parseFloat(await clock(page)) - right), LIMIT).toBeLessThan(0.05);
    await page.keyboard.press('0');
    await page.mouse.move(middle.x + 200, middle.y);
    await expect.poll(async () => Number.parseFloat(await clock(page)) - before, LIMIT).toBeGreaterThan(1);
    await page.close();
  });

  it.each([
    { width: 390, height: 844 },
    { width: 1440, height: 900 },
  ])('fits $width pixels, and each control has a name', async (size) => {
    const { page } = await open(size);
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect(overflow).toBe(0);
    for (const control of await page.locator('button, select, input').all())
      expect(await control.evaluate('(e) => (e.ariaLabel ?? "") + e.textContent + (e.labels?.length ?? "")')).not.toBe(
        '',
      );
    await page.close();
  });

  it('shows a run while it runs, stays at its end, and can be paused', async () => {
    const live = await start('-i', 'sine:rate=16000,freq=440,amplitude=9000', '--realtime');
    const { page } = await open(undefined, live.url);
    const now = async () => Number.parseFloat(await clock(page));
    await expect.poll(() => page.locator('#state').textContent(), LIMIT).toBe('live');
    const first = await now();
    await expect.poll(now, LIMIT).toBeGreaterThan(first + 0.5);
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => page.locator('#follow').getAttribute('aria-pressed'), LIMIT).toBe('false');
    const paused = await now();
    await page.waitForResponse((response) => response.url().includes('range?'));
    expect(await now()).toBe(paused);
    await page.keyboard.press('Space');
    await expect.poll(now, LIMIT).toBeGreaterThan(paused + 0.5);
    live.program.kill('SIGINT');
    await expect.poll(() => page.locator('#state').textContent(), LIMIT).toMatch(/ended/);
    const { code, stdout } = await live.program.ended;
    expect([code, stdout.includes('"type":"end"')]).toEqual([0, true]);
    await page.close();
  });

  it('follows a rebuild under --watch, from the events of one run to those of the next', async () => {
    expect((await mote(['new', 'press'], dir)).code).toBe(0);
    const input = 'accelerometer=sine:rate=1000,freq=25,amplitude=600,seconds=2';
    const watch = startMote(['sim', 'press', '-i', input, '--watch', '--open', '--no-browser', '--json'], dir);
    const line = await watch.line((text) => text.includes('"type":"page"'));
    const page = await browser.newPage();
    await page.goto(String(JSON.parse(line).url));
    const state = () => page.locator('#state').textContent();
    const named = async () => (await entries(page)).map((text) => /s(\w+)alarm=true/.exec(text)?.[1]);
    await expect.poll(named, LIMIT).toEqual(['vibration']);
    await expect.poll(state, LIMIT).toMatch(/ended/);
    const first = await page.locator('html').getAttribute('data-run');
    const source = join(dir, 'press', 'app.ts');
    writeFileSync(source, readFileSync(source, 'utf8').replace("event('vibration')", "event('knock')"));
    await expect.poll(named, LIMIT).toEqual(['knock']);
    await expect.poll(state, LIMIT).toMatch(/ended/);
    expect(Number(await page.locator('html').getAttribute('data-run'))).toBe(Number(first) + 1);
    const good = readFileSync(source, 'utf8');
    writeFileSync(source, good.replace("event('knock')", 'evnt(7)'));
    await expect.poll(state, LIMIT).toMatch(/failed/);
    expect(await page.locator('.entry.log').last().textContent()).toContain('evnt');
    writeFileSync(source, good);
    await expect.poll(named, LIMIT).toEqual(['knock']);
    await expect.poll(state, LIMIT).toMatch(/ended/);
    watch.kill('SIGINT');
    expect((await watch.ended).code).toBe(0);
    await page.close();
  });
});
