/** A line on which no node answers, under a virtual clock. */
import { expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import { encodeFrame } from './frame.ts';
import { checkLine } from './line-check.ts';
import { transportPair } from './pair.ts';
import { nodeLink, shimLink } from './session.ts';
import type { Transport } from './transport.ts';

/** The gateway's end of a line is checked; the other is the test's. */
function line() {
  const clock = new VirtualClock();
  const pair = transportPair(clock);
  const reports: string[] = [];
  const ids = { clock, newSessionId: () => 7, onMessage: () => {} };
  const shim = shimLink(ids);
  const report = (text: string) => reports.push(`${clock.nowUs() / 1e6} s ${text}`);
  shim.attach(checkLine(pair.a, { name: '/dev/ttyACM0', up: () => shim.up, clock, report }));
  const run = (seconds: number) => clock.runUntil(clock.nowUs() + seconds * 1e6);
  return { reports, far: pair.b, run, cut: pair.cut, node: nodeLink({ ...ids, newSessionId: () => 9 }) };
}

const write = (far: Transport, text: string) => far.write(new TextEncoder().encode(text));

it('reports nothing when a node answers, then or later', () => {
  const { reports, far, run, node } = line();
  node.attach(far);
  run(60);
  node.close();
  run(60);
  expect(reports).toEqual([]);
});

it('reports once that nothing was received, then that the bytes are not frames', () => {
  const { reports, far, run } = line();
  run(12);
  expect(reports).toEqual([expect.stringMatching(/^5 s Nothing arrived on \/dev\/ttyACM0 for 5 s/)]);
  for (let second = 0; second < 30; second++) {
    write(far, 'temperature 21.5\r\n\0');
    run(1);
  }
  expect(reports.slice(1)).toEqual([
    expect.stringMatching(/^15 s Bytes arrive on .* wrong baud rate, or another program/),
  ]);
});

it('reports a node that receives nothing', () => {
  const { reports, far, run, node } = line();
  node.attach({ ...far, onData: () => {} });
  run(60);
  expect(reports).toEqual([expect.stringMatching(/^5 s Frames of a node arrive .* check the line to the board/)]);
});

it('carries both directions unchanged, counts only what arrived, and looks again each five seconds', () => {
  const clock = new VirtualClock();
  const pair = transportPair(clock);
  const reports: string[] = [];
  let up = false;
  const checked = checkLine(pair.a, { name: 'x', up: () => up, clock, report: (text) => reports.push(text) });
  const [there, back]: number[][] = [[], []];
  checked.onData((bytes) => back!.push(...bytes));
  pair.b.onData((bytes) => there!.push(...bytes));
  checked.write(Uint8Array.of(1));
  pair.b.write(Uint8Array.of(2));
  clock.runUntil(4.9e6);
  expect([there, back, reports]).toEqual([[1], [2], []]);
  clock.runUntil(5e6);
  expect(reports).toEqual([
    'Bytes arrive on x that are not frames of the link: wrong baud rate, or another program on the board.',
  ]);
  pair.b.write(encodeFrame(Uint8Array.of(1)));
  pair.b.write(encodeFrame(Uint8Array.of(1)));
  clock.runUntil(11e6);
  expect(reports.slice(1)).toEqual([
    "Frames of a node arrive on x, but it doesn't answer; check the line to the board.",
  ]);
  up = true;
  clock.runUntil(16e6);
  up = false;
  clock.runUntil(60e6);
  expect(reports.length).toBe(2);
  let closed = 0;
  checked.onClose(() => closed++);
  checked.close();
  clock.runUntil(61e6);
  expect(closed).toBe(1);
});

it('reports nothing about a line that has ended', () => {
  const { reports, run, cut } = line();
  run(1);
  cut();
  run(60);
  expect(reports).toEqual([]);
});
