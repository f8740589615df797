/**
 * Serves the page of a simulation on this machine alone: on 127.0.0.1, under a random path, and only to requests whose
 * Host and Origin are that address, so that no other site in the browser reaches it, also not by rebinding its name.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { packagePath, sameSecret } from '../../base/index.ts';
import type { Live, TapFormat } from '../page/index.ts';
import { isTapFormat } from './maps.ts';
import { Recording } from './recording.ts';

export interface SimPage {
  /** Address with the secret path. */
  readonly url: string;
  /** The observer of the next run, which the page then shows. */
  nextRun(): Recording;
  close(): Promise<void>;
}

export interface SimPageOptions {
  /** An event's body, and any other value, as JSON. */
  bodyJson(body: Uint8Array): string;
  toJson(value: unknown): string;
}

/** Interval of the live stream. */
const LIVE_MS = 100;
const MAX_POINTS = 4096;

const page = (name: string) => packagePath('host', 'web', 'page', name);
const script = (name: string) => packagePath('dist', 'host', 'web', 'page', name);
const uplot = (name: string) => createRequire(import.meta.url).resolve(`uplot/dist/${name}`);
const JAVASCRIPT = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
const SCRIPTS = ['main', 'view', 'tracks', 'chart', 'map', 'gestures', 'entries', 'buffers', 'colours', 'dom'];
/** Everything that the page loads, by its path below the secret one. */
const FILES: Record<string, { type: string; path(): string }> = {
  'style.css': { type: CSS, path: () => page('style.css') },
  'uplot.css': { type: CSS, path: () => uplot('uPlot.min.css') },
  'uplot.js': { type: JAVASCRIPT, path: () => uplot('uPlot.esm.js') },
  ...Object.fromEntries(SCRIPTS.map((name) => [`${name}.js`, { type: JAVASCRIPT, path: () => script(`${name}.js`) }])),
};

interface Answer {
  status: number;
  type: string;
  body: string | Uint8Array;
  nonce?: string;
}

/** What one stream has sent already. */
interface Stream {
  response: ServerResponse;
  run: number;
  entries: number;
  tracks: number;
  last: string;
}

/** Starts the server on a free port. */
export async function openSimPage(options: SimPageOptions): Promise<SimPage> {
  const token = randomBytes(16).toString('hex');
  const streams = new Set<Stream>();
  let run = new Recording(0, options);
  const server = createServer((request, response) => {
    let answer: Answer | 'live';
    try {
      answer = answerTo(request);
    } catch (error) {
      answer = text(500, error instanceof Error ? error.message : String(error));
    }
    if (answer === 'live') return live(response);
    response.writeHead(answer.status, { ...headers(answer.nonce), 'Content-Type': answer.type });
    response.end(answer.body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];

  function answerTo({ headers: { host = '', origin }, url: path = '/', method }: IncomingMessage): Answer | 'live' {
    if (!hosts.includes(host) || (origin !== undefined && origin !== `http://${host}`))
      return text(403, 'This page is only served under its own address.');
    const url = new URL(path, `http://${host}`);
    const [, given = '', name = ''] = url.pathname.split('/');
    if (!sameSecret(given, token)) return text(404, 'The address is not complete.');
    if (method !== 'GET') return text(405, 'Only GET is possible.');
    if (name === '') return index();
    if (name === 'live') return 'live';
    const number = (key: string) => Number(url.searchParams.get(key) ?? Number.NaN);
    if (name === 'at') return json(run.at(number('t') || 0));
    if (name === 'range') {
      const points = Math.min(Math.max(Math.floor(number('points')) || 1, 1), MAX_POINTS);
      const [from, to] = [number('from'), number('to')];
      if (!(from <= to)) return text(400, 'from and to must be numbers in order.');
      return json(run.range(from, to, points, formats(url.searchParams.getAll('format'))));
    }
    const file = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
    if (file === undefined) return text(404, 'There is nothing under this address.');
    return { status: 200, type: file.type, body: readFileSync(file.path()) };
  }

  function live(response: ServerResponse): void {
    response.writeHead(200, { ...headers(), 'Content-Type': 'text/event-stream' });
    response.flushHeaders();
    const stream: Stream = { response, run: -1, entries: 0, tracks: 0, last: '' };
    streams.add(stream);
    response.on('close', () => streams.delete(stream));
    send(stream);
  }

  function send(stream: Stream): void {
    if (run.id === 0 || stream.response.writableNeedDrain) return;
    const { id, info, tracks, dropped } = run;
    if (stream.run !== id) Object.assign(stream, { run: id, entries: 0, tracks: 0 });
    const message: Live = {
      run: id,
      t: run.now,
      ended: run.ended,
      failed: run.failed,
      counts: run.counts(),
      entries: run.entries.slice(Math.max(stream.entries - dropped, 0)),
      dropped,
    };
    if (info !== null && stream.tracks === 0) message.info = info;
    if (tracks.length !== stream.tracks) message.tracks = tracks;
    stream.entries = dropped + run.entries.length;
    if (info !== null) stream.tracks = tracks.length;
    const data = JSON.stringify(message);
    if (data === stream.last) return;
    stream.last = data;
    stream.response.write(`data: ${data}\n\n`);
  }

  const timer = setInterval(() => {
    for (const stream of streams) send(stream);
  }, LIVE_MS);

  return {
    url: `http://${hosts[0]}/${token}/`,
    nextRun() {
      run = new Recording(run.id + 1, options);
      return run;
    },
    async close() {
      clearInterval(timer);
      for (const { response } of streams) response.end();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** `NAME:TYPE` of taps. */
function formats(list: string[]): Map<string, TapFormat> {
  const found = new Map<string, TapFormat>();
  for (const text of list) {
    const at = text.lastIndexOf(':');
    const format = text.slice(at + 1);
    if (isTapFormat(format)) found.set(text.slice(0, at), format);
  }
  return found;
}

function headers(nonce?: string): Record<string, string> {
  const scripts = nonce === undefined ? "'self'" : `'self' 'nonce-${nonce}'`;
  return {
    'Content-Security-Policy': `default-src 'none'; script-src ${scripts}; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'Cache-Control': 'no-store',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };
}

const text = (status: number, body: string): Answer => ({ status, type: 'text/plain; charset=utf-8', body });
const json = (value: unknown): Answer => ({ status: 200, type: 'application/json', body: JSON.stringify(value) });

/** The page itself, with a nonce for its one script that isn't a file: the map of module names. */
function index(): Answer {
  const nonce = randomBytes(16).toString('base64');
  const body = readFileSync(page('index.html'), 'utf8').replace('NONCE', nonce);
  return { status: 200, type: 'text/html; charset=utf-8', body, nonce };
}
