import { mkdtempSync, openSync, read, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import { transportPair } from '../../device/link/index.ts';
import { idleFrame, SimChannel, SimDecoder, type SimFrame, samplesFrame } from './sim-channel.ts';
import { SimClock } from './sim-clock.ts';

function frame(type: string, body: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.write(type, 'latin1');
  header.writeUInt32LE(body.length, 1);
  return Buffer.concat([header, body]);
}
function idle(nowUs: bigint, untilUs: bigint, room = 100): Buffer {
  const body = Buffer.alloc(28);
  body.writeBigUInt64LE(nowUs, 0);
  body.writeBigUInt64LE(untilUs, 8);
  body.writeUInt32LE(room, 16);
  return frame('I', body);
}
function samples(sensor: number, first: number, count: number): Buffer {
  const body = Buffer.alloc(13);
  body[0] = sensor;
  body.writeBigUInt64LE(BigInt(first), 1);
  body.writeUInt32LE(count, 9);
  return frame('S', body);
}
const hello = frame('H', Buffer.from('\u0001board'));
const NEVER = 2n ** 64n - 1n;

describe('frames of a node', () => {
  const all = Buffer.concat([
    hello,
    samples(1, 2 ** 40, 7),
    idle(5n, 2n ** 50n),
    idle(6n, NEVER, 0),
    frame('L', Buffer.of(1, 2)),
    frame('P', Buffer.from('\u0003tapdata')),
    frame('D', Buffer.from('a line')),
    frame('X', Buffer.of(4)),
  ]);
  const frames: SimFrame[] = [
    { type: 'hello', version: 1, board: 'board' },
    { type: 'samples', sensor: 1, first: 2 ** 40, count: 7 },
    { type: 'idle', nowUs: 5, untilUs: 2 ** 50, room: 100, workedUs: 0 },
    { type: 'idle', nowUs: 6, untilUs: null, room: 0, workedUs: 0 },
    { type: 'link', bytes: Uint8Array.of(1, 2) },
    { type: 'tap', name: 'tap', data: new Uint8Array(Buffer.from('data')) },
    { type: 'debug', text: 'a line' },
    { type: 'exit', code: 4 },
  ];

  it('are decoded the same however they are split', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: all.length })), (cuts) => {
        const decoder = new SimDecoder();
        const places = [0, ...cuts.sort((a, b) => a - b), all.length];
        const got = places.slice(1).flatMap((end, i) => decoder.push(all.subarray(places[i], end)));
        expect(got).toEqual(frames);
      }),
    );
  });

  it.each([
    ['of an unknown type', frame('Z', Buffer.alloc(0))],
    ['too short', frame('I', Buffer.alloc(20))],
    ['too long', frame('S', Buffer.alloc(14))],
    ['with a name that is longer than the frame', frame('P', Buffer.of(9, 1))],
    ['of a length that no node sends', Buffer.from('4cffffff7f', 'hex')],
  ])('are rejected %s', (_, bytes) => {
    expect(() => new SimDecoder().push(bytes)).toThrow("The node's simulator channel is garbled");
  });
});

describe('a simulator channel', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mote-side-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** The node's end: the FIFOs as files. */
  const node = () => ({ to: openSync(join(folder, 'to-node'), 'r+'), from: openSync(join(folder, 'from-node'), 'r+') });
  /** The next bytes that the host writes, once they are there. */
  const arriving = (file: number, count: number) =>
    new Promise<Buffer>((resolve, reject) => {
      const bytes = Buffer.alloc(count);
      const more = (at: number) =>
        read(file, bytes, at, count - at, null, (error, length) => {
          if (error) reject(error);
          else if (at + length === count) resolve(bytes);
          else more(at + length);
        });
      more(0);
    });
  const counting = {
    rateMilliHz: 1000,
    channels: 2,
    length: 5,
    read: (first: number, out: Int16Array) => out.set(Array.from(out, (_, i) => first * 2 + i)),
  };

  it('returns samples, and zeros after the end', async () => {
    const channel = SimChannel.open(folder, {
      sensors: [counting],
      onError: (error) => {
        throw error;
      },
    });
    const { to, from } = node();
    writeSync(from, samples(0, 3, 4));
    const answer = samplesFrame(Int16Array.of(6, 7, 8, 9, 0, 0, 0, 0));
    expect(await arriving(to, answer.length)).toEqual(answer);
    channel.close();
  });

  it.each([
    ['another version', frame('H', Buffer.from('\u0002board'))],
    ['samples of a sensor that it has not', samples(1, 0, 1)],
    ['more samples than there may be', samples(0, 0, 1 << 30)],
  ])('is closed on %s', async (_, bytes) => {
    const code = new Promise<string>((resolve) => {
      SimChannel.open(folder, { sensors: [counting], onError: (error) => resolve(error.code) });
    });
    writeSync(node().from, bytes);
    expect(await code).toBe('SIDE_FRAME');
  });

  it('reports why it could not be created', () => {
    expect(() => SimChannel.open(join(folder, 'absent'), { sensors: [], onError: () => {} })).toThrow(
      'needs mkfifo, and a folder',
    );
  });

  it('advances time to the first event: of the node, of the simulator, or bytes', async () => {
    const clock = new VirtualClock();
    const { a, b } = transportPair(clock);
    const got: string[] = [];
    a.onData((bytes) => got.push(Buffer.from(bytes).toString('hex')));
    const sim = new SimClock({ folder, clock, sensors: [], transport: b });
    const { to, from } = node();
    const at: number[] = [];
    clock.at(300, () => at.push(clock.nowUs()));
    clock.at(700, () => a.write(Uint8Array.of(9, 8)));
    const done = sim.runUntil(1000);
    writeSync(from, Buffer.concat([hello, frame('L', Buffer.of(1, 0, 2)), idle(0n, 500n)]));
    expect(await arriving(to, 13)).toEqual(idleFrame(500, Buffer.alloc(0)));
    expect(at).toEqual([300]);
    writeSync(from, Buffer.concat([frame('L', Buffer.of(3, 0)), idle(500n, NEVER, 1)]));
    expect(await arriving(to, 14)).toEqual(idleFrame(700, Buffer.of(9)));
    writeSync(from, idle(700n, NEVER));
    expect(await arriving(to, 14)).toEqual(idleFrame(700, Buffer.of(8)));
    writeSync(from, idle(700n, NEVER));
    await done;
    expect(clock.nowUs()).toBe(1000);
    // Whole frames of the link, as another node writes them.
    expect(got).toEqual(['0100', '020300']);
    sim.fail(Object.assign(new Error('gone'), { code: 'GONE' }) as never);
    await expect(sim.runUntil(2000)).rejects.toThrow('gone');
    sim.close();
  });
});
