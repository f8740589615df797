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

it('counts a stream that ends at once as a failure: reports it once and delays each further attempt', async () => {
  const closing: Transport = { ...stream().transport, onClose: (listener) => void setTimeout(listener, 1) };
  const kept = keep([closing]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(kept.reports.filter((line) => !line.endsWith('open'))).toEqual([expect.stringMatching(/ended as soon as/)]);
  expect(kept.attempts()).toBe(11);
  kept.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(kept.attempts()).toBe(11);
});
