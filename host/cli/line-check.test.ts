/** A line on which no node speaks, with the clock in the test's hand. */
import { expect, it } from 'vitest';
import { VirtualClock } from '../base/index.ts';
import { nodeLink, shimLink, type Transport, transportPair } from '../device/link/index.ts';
import { checkLine } from './line-check.ts';

/** The gateway's end of a line is checked; the other is the test's. */
function line() {
  const clock = new VirtualClock();
  const pair = transportPair(clock);
  const told: string[] = [];
  const ids = { clock, newSessionId: () => 7, onMessage: () => {} };
  const shim = shimLink(ids);
  const tell = (text: string) => told.push(`${clock.nowUs() / 1e6} s ${text}`);
  shim.attach(checkLine(pair.a, { name: '/dev/ttyACM0', up: () => shim.up, clock, tell }));
  const run = (seconds: number) => clock.runUntil(clock.nowUs() + seconds * 1e6);
  return { told, far: pair.b, run, cut: pair.cut, node: nodeLink({ ...ids, newSessionId: () => 9 }) };
}

const write = (far: Transport, text: string) => far.write(new TextEncoder().encode(text));

it('tells nothing of a node that speaks, then or later', () => {
  const { told, far, run, node } = line();
  node.attach(far);
  run(60);
  node.close();
  run(60);
  expect(told).toEqual([]);
});

it('tells once that nothing was heard, then that what comes are no frames', () => {
  const { told, far, run } = line();
  run(12);
  expect(told).toEqual([expect.stringMatching(/^5 s Nothing was heard on \/dev\/ttyACM0 for 5 s/)]);
  for (let second = 0; second < 30; second++) {
    write(far, 'temperature 21.5\r\n\0');
    run(1);
  }
  expect(told.slice(1)).toEqual([expect.stringMatching(/^15 s Bytes come on .* wrong baud rate, or another program/)]);
});

it('tells of a node that hears nothing', () => {
  const { told, far, run, node } = line();
  node.attach({ ...far, onData: () => {} });
  run(60);
  expect(told).toEqual([expect.stringMatching(/^5 s A node's frames come .* is the line to the board connected/)]);
});

it('tells nothing of a line that has ended', () => {
  const { told, run, cut } = line();
  run(1);
  cut();
  run(60);
  expect(told).toEqual([]);
});
