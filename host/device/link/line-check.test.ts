/** A line on which no node answers, under a virtual clock. */
import { expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
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

it('reports nothing about a line that has ended', () => {
  const { reports, run, cut } = line();
  run(1);
  cut();
  run(60);
  expect(reports).toEqual([]);
});
