/** Streams that are kept open, under a fake clock. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keepOpen } from './keep-open.ts';
import type { Transport } from './transport.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A stream, and a function that ends it. */
function stream() {
  const listeners: (() => void)[] = [];
  const transport: Transport = {
    write: () => {},
    onData: () => {},
    onClose: (listener) => void listeners.push(listener),
    close: () => {},
  };
  return { transport, end: () => listeners.forEach((listener) => void listener()) };
}

/** Keeps open the streams of `answers`: one for each attempt, then the last again. Records each report with its second. */
function keep(answers: (Transport | string)[]) {
  const reports: string[] = [];
  let attempts = 0;
  const start = performance.now();
  const note = (text: string) => reports.push(`${(performance.now() - start) / 1000} ${text}`);
  const stop = keepOpen(
    async () => {
      const answer = answers[Math.min(attempts++, answers.length - 1)]!;
      if (typeof answer === 'string') throw new Error(answer);
      return answer;
    },
    () => note('open'),
    note,
    () => note('lost'),
  );
  return { reports, stop, attempts: () => attempts };
}

it('reports a lost stream, then once why it cannot be opened, and reopens it', async () => {
  const first = stream();
  const second = stream();
  const kept = keep([first.transport, 'refused', 'refused', second.transport]);
  await vi.advanceTimersByTimeAsync(5000);
  first.end();
  await vi.advanceTimersByTimeAsync(5000);
  expect(kept.reports).toEqual(['0 open', '5 lost', '5.25 refused', '6 open']);
  second.end();
  expect(kept.reports.at(-1)).toBe('10 lost');
  kept.stop();
});

it('reports the same reason again after the stream was open', async () => {
  const [a, b] = [stream(), stream()];
  const kept = keep([a.transport, 'refused', b.transport, 'refused']);
  await vi.advanceTimersByTimeAsync(2000);
  a.end();
  await vi.advanceTimersByTimeAsync(2000);
  b.end();
  await vi.advanceTimersByTimeAsync(2000);
  expect(kept.reports.map((line) => line.split(' ')[1])).toEqual([
    'open',
    'lost',
    'refused',
    'open',
    'lost',
    'refused',
  ]);
  kept.stop();
});

it('waits longer after each failure, up to ten seconds, and begins anew after a stream that lasted', async () => {
  const times: number[] = [];
  let answer: Transport | null = null;
  const start = performance.now();
  const stop = keepOpen(
    () => {
      times.push((performance.now() - start) / 1000);
      return answer === null ? Promise.reject(new Error('refused')) : Promise.resolve(answer);
    },
    () => {},
    () => {},
  );
  await vi.advanceTimersByTimeAsync(40_000);
  expect(times).toEqual([0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 25.75, 35.75]);
  const open = stream();
  answer = open.transport;
  await vi.advanceTimersByTimeAsync(10_000);
  open.end();
  answer = null;
  times.length = 0;
  await vi.advanceTimersByTimeAsync(1000);
  expect(times).toEqual([50.25, 50.5, 51]);
  stop();
});

it('closes a stream that opens after it was stopped, and reports nothing then', async () => {
  const answers: { resolve: (transport: Transport) => void; reject: (error: Error) => void }[] = [];
  const reports: string[] = [];
  const start = () =>
    keepOpen(
      () => new Promise((resolve, reject) => answers.push({ resolve, reject })),
      () => reports.push('open'),
      (text) => reports.push(text),
      () => reports.push('lost'),
    );
  let closed = 0;
  start()();
  answers[0]!.resolve({ ...stream().transport, close: () => closed++ });
  start()();
  answers[1]!.reject(new Error('refused'));
  const stop = start();
  const open = stream();
  answers[2]!.resolve(open.transport);
  await vi.advanceTimersByTimeAsync(2000);
  stop();
  open.end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([closed, reports, answers.length]).toEqual([1, ['open'], 3]);
});

it('counts a stream that ends at once as a failure: reports it once and delays each further attempt', async () => {
  const closing: Transport = { ...stream().transport, onClose: (listener) => void setTimeout(listener, 1) };
  const kept = keep([closing]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(kept.reports.filter((line) => !line.endsWith('open'))).toEqual([
    expect.stringMatching(/The stream ended as soon as it was open: does another program use its other end\?$/),
  ]);
  expect(kept.attempts()).toBe(11);
  kept.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(kept.attempts()).toBe(11);
});
