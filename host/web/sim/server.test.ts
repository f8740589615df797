import { get, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSimPage, type SimPage } from './server.ts';

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

function ask(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers, method }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    });
    asked.on('error', reject).end();
  });
}

describe('the server of the page', () => {
  let page: SimPage;
  beforeEach(async () => {
    page = await openSimPage({ bodyJson: () => '{}', toJson: JSON.stringify });
  });
  afterEach(() => page.close());

  it('listens on loopback alone, under a path that no one guesses', () => {
    expect(page.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
  });

  it.each<[string, (url: URL) => [string, Record<string, string>, string?], number]>([
    ['serves the page', (url) => [url.href, {}], 200],
    ['serves the page under the name localhost', (url) => [url.href, { Host: `localhost:${url.port}` }], 200],
    ['serves its own requests', (url) => [`${url.href}at?t=1`, { Origin: url.origin }], 200],
    ['rejects another name of this machine', (url) => [url.href, { Host: `rebound.example:${url.port}` }], 403],
    ['rejects a request of another site', (url) => [`${url.href}at?t=1`, { Origin: 'http://evil.example' }], 403],
    ['rejects a request of no site', (url) => [`${url.href}at?t=1`, { Origin: 'null' }], 403],
    ['rejects another path', (url) => [`${url.origin}/${'0'.repeat(32)}/`, {}], 404],
    ['rejects the root', (url) => [`${url.origin}/`, {}], 404],
    ['rejects other methods', (url) => [url.href, {}, 'POST'], 405],
    ['rejects a file that is not of the page', (url) => [`${url.href}..%2f..%2fpackage.json`, {}], 404],
    ['rejects the name of a property', (url) => [`${url.href}constructor`, {}], 404],
    ['rejects a range that is none', (url) => [`${url.href}range?from=2&to=1&points=9`, {}], 400],
  ])('%s', async (_name, of, status) => {
    const [url, headers, method] = of(new URL(page.url));
    expect((await ask(url, headers, method)).status).toBe(status);
  });

  it('allows the page its own files alone, and one script by a nonce of this answer', async () => {
    const [first, second] = [await ask(page.url), await ask(page.url)];
    const policy = String(first.headers['content-security-policy']);
    expect(policy).toMatch(/^default-src 'none'; script-src 'self' 'nonce-[\w+/=]{24}'; style-src 'self';/);
    expect(policy).toContain("frame-ancestors 'none'");
    const [, nonce] = /nonce-([^']+)'/.exec(policy)!;
    expect(first.body).toContain(`nonce="${nonce}"`);
    expect(second.body).not.toContain(`nonce="${nonce}"`);
    expect(first.body).not.toMatch(/https?:/);
  });

  it('streams a run that begins after the page was opened, and ends the stream when it closes', async () => {
    const stream = new Promise<string>((resolve) => {
      get(`${page.url}live`, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
          if (text.includes('"kind":"log"')) resolve(text);
        });
        const run = page.nextRun();
        run.hooks.onLog?.({ level: 'info', text: 'hello', tUs: 1_500_000, tMs: null });
      });
    });
    const live = JSON.parse((await stream).split('\n')[0]!.slice('data: '.length));
    expect(live).toMatchObject({
      run: 1,
      ended: false,
      entries: [{ t: 1.5, kind: 'log', name: 'info', text: 'hello' }],
    });
  });
});
