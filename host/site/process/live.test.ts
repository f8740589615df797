/** Live questions over server-sent events: at each end, their rows are those of the same question over history. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cases } from '../../base/test-form.ts';
import { TestSite } from './testing.ts';

const T0 = 1_790_000_000;
const decoder = (exponent: number) => ({
  kind: 'json',
  version: 1,
  options: {
    device: { topic: 1 },
    time: { at: '/ts', format: 's' },
    fields: [
      { at: '/temp', name: 'temperature', unit: 'Cel', exponent },
      { at: '/alarm', name: 'alarm', type: 'event' },
    ],
  },
});
const yaml = `decoders:\n- ${JSON.stringify({ name: 'press', topics: ['plant/+/data'], decoder: decoder(-2) })}`;

let test: TestSite;
beforeEach(() => {
  test = new TestSite();
});
afterEach(() => test.delete());

/** Reads a stream of events as the HTML standard describes it, as far as a site uses it. */
class Reader {
  readonly rows = new Map<string, (string | null)[]>();
  id = '';
  columns = 0;
  problem: { title: string; detail: string } | undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = '';

  private constructor(response: Response) {
    this.#reader = response.body!.getReader();
  }

  static async open(query: string, lastId?: string): Promise<Reader> {
    const url = `${test.site.apiUrl}/api/query/live?query=${encodeURIComponent(query)}`;
    const response = await fetch(url, lastId === undefined ? {} : { headers: { 'last-event-id': lastId } });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    return new Reader(response);
  }

  /** Until the rows are those of all that is in the store. */
  async current(): Promise<void> {
    while ((await this.#next()) !== 'current');
  }

  /** Until the rows are these. */
  async until(rows: readonly unknown[]): Promise<void> {
    const wanted = JSON.stringify(sorted(rows));
    while (JSON.stringify(sorted([...this.rows.values()])) !== wanted) await this.current();
  }

  async #next(): Promise<string> {
    let end = this.#text.indexOf('\n\n');
    while (end < 0) {
      const { done, value } = await this.#reader.read();
      if (done) throw new Error(`The stream has ended: ${this.problem?.detail}`);
      this.#text += this.#decoder.decode(value, { stream: true });
      end = this.#text.indexOf('\n\n');
    }
    const lines = this.#text.slice(0, end).split('\n');
    this.#text = this.#text.slice(end + 2);
    const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    const [event = '', id] = [field('event'), field('id')];
    const data = JSON.parse(field('data') ?? '{}');
    if (id !== undefined) this.id = id;
    if (event === 'problem') this.problem = data;
    if (event === 'columns') {
      this.columns++;
      this.rows.clear();
    }
    if (event === 'rows') {
      for (const { key, row } of data.set) this.rows.set(key, row);
      for (const key of data.gone) this.rows.delete(key);
    }
    return event;
  }

  close(): Promise<void> {
    return this.#reader.cancel();
  }
}

const sorted = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort();

async function batch(query: string): Promise<unknown[]> {
  await test.applied();
  return (await test.post('/api/query', { query })).json.rows;
}

const send = async (topic: string, ...bodies: object[]) => {
  for (const body of bodies) {
    const init = { method: 'POST', body: JSON.stringify(body) };
    expect((await test.request(`/api/ingest/${topic}`, init)).status).toBe(204);
  }
};

const MINUTES = 'from points as Cel exponent -2 window 1m by device select count, mean(value), last(value)';

it('gives the rows over history, then those that are new or corrected', async () => {
  await test.start(yaml);
  await send('plant/p1/data', { ts: T0, temp: 20 }, { ts: T0 + 90, temp: 21 });
  const reader = await Reader.open(MINUTES);
  await reader.current();
  expect(sorted([...reader.rows.values()])).toEqual(sorted(await batch(MINUTES)));
  expect(reader.rows.size).toBe(2);
  // A late row corrects a window, another begins.
  await send('plant/p1/data', { ts: T0 + 1, temp: 30 });
  await send('plant/p2/data', { ts: T0 + 200, temp: 1 });
  await reader.until(await batch(MINUTES));
  expect([reader.rows.size, reader.columns]).toEqual([3, 1]);
  await reader.close();
});

it('has the rows of history at the end of any messages, in points and events', async () => {
  const rows = fc.array(
    fc.record({ device: fc.nat(2), at: fc.nat(600), temp: fc.integer({ min: -999, max: 999 }), alarm: fc.boolean() }),
    { minLength: 2, maxLength: 30 },
  );
  const questions = fc.constantFrom(
    MINUTES,
    'from points as Cel window session 30s by device select count, sum(value), first(value)',
    'from points where value > 0 as Cel window 2m every 1m select count, min(value) having count > 1',
    'from events window 1m by device select count',
  );
  await test.start(yaml);
  await fc.assert(
    fc.asyncProperty(rows, questions, fc.nat(29), async (list, question, cut) => {
      const bodies = list.map(({ device, at, temp, alarm }) => [
        `plant/p${device}/data`,
        { ts: T0 + at, temp: temp / 100, ...(alarm && { alarm: `door ${at}` }) },
      ]) as [string, object][];
      for (const [topic, body] of bodies.slice(0, cut)) await send(topic, body);
      const reader = await Reader.open(question);
      for (const [topic, body] of bodies.slice(cut)) await send(topic, body);
      await reader.until(await batch(question));
      await reader.close();
    }),
    { numRuns: cases(50) },
  );
});

it('begins again when history is decoded anew, or a series has a finer exponent', async () => {
  await test.start(yaml);
  const question = 'from points as Cel window 1m by device select count, sum(value)';
  await send('plant/p1/data', { ts: T0, temp: 20.5 });
  const reader = await Reader.open(question);
  await reader.current();
  await test.site.reload(test.config(yaml.replace('"exponent":-2', '"exponent":-3')));
  await send('plant/p1/data', { ts: T0 + 1, temp: 20.125 });
  await reader.until(await batch(question));
  expect([[...reader.rows.values()][0]?.slice(-2), reader.columns]).toEqual([['2', '40625'], 2]);
  await reader.close();
});

it('gives no rows again to who has them', async () => {
  await test.start(yaml);
  await send('plant/p1/data', { ts: T0, temp: 20 });
  const first = await Reader.open(MINUTES);
  await first.current();
  await first.close();
  const second = await Reader.open(MINUTES, first.id);
  await second.current();
  expect([second.columns, second.rows.size, second.id]).toEqual([0, 0, first.id]);
  await second.close();
  await send('plant/p1/data', { ts: T0, temp: 21 });
  await test.applied();
  const third = await Reader.open(MINUTES, first.id);
  await third.current();
  expect([third.columns, third.rows.size]).toEqual([1, 1]);
  await third.close();
});

it('refuses what is no question, and more than 16 at a time', async () => {
  await test.start(yaml);
  const live = (query: string) => test.request(`/api/query/live?query=${encodeURIComponent(query)}`);
  expect((await live('from ponts select count')).json).toMatchObject({ status: 400, title: 'QUERY' });
  const readers = await Promise.all(Array.from({ length: 16 }, () => Reader.open(MINUTES)));
  expect((await live(MINUTES)).status).toBe(429);
  await readers.pop()!.close();
  const opened = async () => {
    const ended = new AbortController();
    const url = `${test.site.apiUrl}/api/query/live?query=${encodeURIComponent(MINUTES)}`;
    const { status } = await fetch(url, { signal: ended.signal });
    ended.abort();
    return status;
  };
  await expect.poll(opened, { timeout: 60_000 }).toBe(200);
  for (const reader of readers) await reader.close();
});
