import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeCbor, encodeCbor } from '../../base/cbor/index.ts';
import { packagePath, VirtualClock } from '../../base/index.ts';
import { Captures } from './captures.ts';
import { Sensor } from './sensor.ts';

const counter = {
  rateMilliHz: 1_000_000,
  channels: 1,
  length: null,
  read: (first: number, out: Int16Array) => out.set(out.map((_, i) => first + i + 1)),
};

function make(bytes: number, name = 'mic', ringSamples = 50) {
  const clock = new VirtualClock();
  const sensor = new Sensor({ name, source: counter, ringSamples });
  const events: unknown[] = [];
  let room = true;
  const captures = new Captures({
    clock,
    sensors: [sensor],
    bytes,
    event: (of, body) => {
      if (room) events.push([of, decodeCbor(body)]);
      return room;
    },
  });
  const ask = (number: number, offset: number) => captures.command('agent.window', encodeCbor([number, offset]));
  return { clock, sensor, captures, events, ask, full: () => (room = false) };
}

describe('captures of raw samples', () => {
  it('contain the samples of the ring before an event, up to a quarter of the bytes', () => {
    const { clock, sensor, captures, events, ask } = make(400);
    captures.keep(0);
    sensor.open(0);
    clock.runUntil(30_000);
    captures.keep(7);
    captures.keep(8);
    expect(ask(0, 0)).toEqual({ ok: true, text: '' });
    const samples = new Uint8Array(60);
    for (let i = 0; i < 30; i++) samples[i * 2] = i + 1;
    expect(events).toEqual([['agent.window', [0, 7, 'mic', 1000, 60, 0, samples]]]);
    clock.runUntil(100_000);
    captures.keep(9);
    ask(1, 78);
    // 40 samples are a quarter of 400 bytes without the head; the last one has number 100.
    expect(events[1]).toEqual(['agent.window', [1, 9, 'mic', 61_000, 80, 78, Uint8Array.of(100, 0)]]);
  });

  it('are dropped for newer ones, and keep their numbers', () => {
    const { clock, sensor, captures, events, ask } = make(400);
    sensor.open(0);
    for (let i = 1; i <= 9; i++) {
      clock.runUntil(i * 50_000);
      captures.keep(i);
    }
    captures.command('agent.windows', new Uint8Array(0));
    expect(events).toEqual([['agent.windows', [5, 9]]]);
    expect(ask(4, 0).ok).toBe(false);
    expect(ask(5, 0).ok).toBe(true);
    expect(ask(8, 79).ok).toBe(true);
    expect(ask(8, 80).ok).toBe(false);
    expect(ask(9, 0).ok).toBe(false);
  });

  it('are not made without memory for them', () => {
    const { clock, sensor, captures, events } = make(0);
    sensor.open(0);
    clock.runUntil(50_000);
    captures.keep(1);
    captures.command('agent.windows', new Uint8Array(0));
    expect(events).toEqual([['agent.windows', [0, 0]]]);
  });

  it('are refused with a reason', () => {
    const { captures, full } = make(400);
    const text = (name: string, body: Uint8Array = new Uint8Array(0)) => captures.command(name, body).text;
    expect(text('agent.other')).toBe("the node takes no command 'agent.other'");
    expect(text('agent.window')).toBe('the body of agent.window is [number, offset]');
    expect(text('agent.window', encodeCbor([0, 0]))).toBe('there is no such window, or it is shorter');
    full();
    expect(text('agent.windows')).toBe('there is no room for the answer; ask again');
  });

  it('are encoded as in the specification', () => {
    const spec = readFileSync(packagePath('docs', 'spec', 'node.md'), 'utf8');
    const example = (name: string) =>
      new Uint8Array(Buffer.from(new RegExp(`\\| ${name} \\| \`([0-9a-f]+)\` \\|`).exec(spec)![1]!, 'hex'));
    expect(decodeCbor(example('body of `agent.window`'))).toEqual([3, 0]);
    expect(decodeCbor(example('its answer'))).toEqual([3, 41, 'microphone', 500_000, 4, 0, Uint8Array.of(1, 0, 2, 0)]);
  });
});
