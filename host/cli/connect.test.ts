/** Streams that are kept open, with the clock in the test's hand. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Transport } from '../device/link/index.ts';
import { keepOpen } from './connect.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A stream with a hand on it that ends it. */
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

/** Keeps open what `answers` gives, one for each attempt and the last for ever, and notes what is told with its second. */
function keep(answers: (Transport | string)[]) {
  const told: string[] = [];
  let attempts = 0;
  const start = performance.now();
  const note = (text: string) => told.push(`${(performance.now() - start) / 1000} ${text}`);
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
  return { told, stop, attempts: () => attempts };
}

it('tells that a stream was lost, once why it is not there, and opens it when it is', async () => {
  const first = stream();
  const second = stream();
  const kept = keep([first.transport, 'refused', 'refused', second.transport]);
  await vi.advanceTimersByTimeAsync(5000);
  first.end();
  await vi.advanceTimersByTimeAsync(5000);
  expect(kept.told).toEqual(['0 open', '5 lost', '5.25 refused', '6 open']);
  second.end();
  expect(kept.told.at(-1)).toBe('10 lost');
  kept.stop();
});

it('tells again after each time that it was open', async () => {
  const [a, b] = [stream(), stream()];
  const kept = keep([a.transport, 'refused', b.transport, 'refused']);
  await vi.advanceTimersByTimeAsync(2000);
  a.end();
  await vi.advanceTimersByTimeAsync(2000);
  b.end();
  await vi.advanceTimersByTimeAsync(2000);
  expect(kept.told.map((line) => line.split(' ')[1])).toEqual(['open', 'lost', 'refused', 'open', 'lost', 'refused']);
  kept.stop();
});

it('takes a stream that ends at once for a failure: told once, opened later each time', async () => {
  const closing: Transport = { ...stream().transport, onClose: (listener) => void setTimeout(listener, 1) };
  const kept = keep([closing]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(kept.told.filter((line) => !line.endsWith('open'))).toEqual([expect.stringMatching(/ended as soon as/)]);
  expect(kept.attempts()).toBe(11);
  kept.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(kept.attempts()).toBe(11);
});
