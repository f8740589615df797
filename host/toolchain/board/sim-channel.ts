/**
 * The simulator's end of an emulated board's simulator channel: two FIFOs in the node's work folder. Over them the node requests samples,
 * writes taps, and, if its time is virtual, sleeps and uses its link. The frames are in boards/platform/emulated/sim_channel.h.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { MoteError } from '../../base/index.ts';
import type { SensorSource } from '../../device/node/index.ts';

export const SIM_VERSION = 1;
/** Samples are sent in frames of up to 64 KiB. A node sends no longer ones. */
const MAX_BODY_BYTES = 1 << 20;
const HEADER_BYTES = 5;
const NEVER = (1n << 64n) - 1n;

/** A frame of the node. */
export type SimFrame =
  | { type: 'hello'; version: number; board: string }
  | { type: 'samples'; sensor: number; first: number; count: number }
  /** Asleep until `untilUs`, or forever; accepts up to `room` bytes of the link. `workedUs`: processor time since its start. */
  | { type: 'idle'; nowUs: number; untilUs: number | null; room: number; workedUs: number }
  | { type: 'link'; bytes: Uint8Array }
  | { type: 'tap'; name: string; data: Uint8Array }
  | { type: 'debug'; text: string }
  | { type: 'exit'; code: number };

const bad = (what: string) =>
  new MoteError(
    'SIDE_FRAME',
    `The node's simulator channel is garbled: ${what}. Its firmware is of another version; build it again.`,
  );

/** Splits the node's bytes into frames. */
export class SimDecoder {
  #rest: Buffer = Buffer.alloc(0);

  /** Throws `SIDE_FRAME`. */
  push(bytes: Uint8Array): SimFrame[] {
    let rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    const frames: SimFrame[] = [];
    while (rest.length >= HEADER_BYTES) {
      const length = rest.readUInt32LE(1);
      if (length > MAX_BODY_BYTES) throw bad(`a frame of ${length} bytes`);
      if (rest.length < HEADER_BYTES + length) break;
      frames.push(parse(rest[0]!, rest.subarray(HEADER_BYTES, HEADER_BYTES + length)));
      rest = rest.subarray(HEADER_BYTES + length);
    }
    this.#rest = rest;
    return frames;
  }
}

function parse(type: number, body: Buffer): SimFrame {
  const kind = String.fromCharCode(type);
  const sized = (min: number, max = min) => {
    if (body.length < min || body.length > max) throw bad(`${body.length} bytes in a frame '${kind}'`);
  };
  switch (kind) {
    case 'H':
      sized(1, MAX_BODY_BYTES);
      return { type: 'hello', version: body[0]!, board: body.toString('utf8', 1) };
    case 'S':
      sized(13);
      return {
        type: 'samples',
        sensor: body[0]!,
        first: Number(body.readBigUInt64LE(1)),
        count: body.readUInt32LE(9),
      };
    case 'I': {
      sized(28);
      const until = body.readBigUInt64LE(8);
      return {
        type: 'idle',
        nowUs: Number(body.readBigUInt64LE(0)),
        untilUs: until === NEVER ? null : Number(until),
        room: body.readUInt32LE(16),
        workedUs: Number(body.readBigUInt64LE(20)),
      };
    }
    case 'L':
      return { type: 'link', bytes: new Uint8Array(body) };
    case 'P': {
      sized(1, MAX_BODY_BYTES);
      const end = 1 + body[0]!;
      sized(end, MAX_BODY_BYTES);
      return { type: 'tap', name: body.toString('utf8', 1, end), data: new Uint8Array(body.subarray(end)) };
    }
    case 'D':
      return { type: 'debug', text: body.toString('utf8') };
    case 'X':
      sized(1);
      return { type: 'exit', code: body[0]! };
    default:
      throw bad(`a frame of type ${type}`);
  }
}

function frame(type: string, ...parts: Uint8Array[]): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(type, 'latin1');
  header.writeUInt32LE(
    parts.reduce((sum, part) => sum + part.length, 0),
    1,
  );
  return Buffer.concat([header, ...parts]);
}

/** The answer to `samples`. */
export function samplesFrame(values: Int16Array): Buffer {
  const out = Buffer.alloc(values.length * 2);
  for (const [i, value] of values.entries()) out.writeInt16LE(value, i * 2);
  return frame('s', out);
}

/** The answer to `idle`. */
export function idleFrame(nowUs: number, bytes: Uint8Array): Buffer {
  const now = Buffer.alloc(8);
  now.writeBigUInt64LE(BigInt(nowUs));
  return frame('i', now, bytes);
}

export interface SimHandlers {
  /** The sources of the node's sensors, in the order of its options. */
  sensors: readonly SensorSource[];
  onHello?(board: string): void;
  /** With virtual time only: answer with `wake`, now or later. */
  onIdle?(idle: { untilUs: number | null; room: number; workedUs: number }): void;
  onLink?(bytes: Uint8Array): void;
  onTap?(name: string, data: Uint8Array): void;
  onDebug?(text: string): void;
  onExit?(code: number): void;
  /** A frame can't be decoded; the channel is closed. */
  onError(error: MoteError): void;
}

export class SimChannel {
  readonly #handlers: SimHandlers;
  readonly #decoder = new SimDecoder();
  readonly #from: Socket;
  readonly #to: Socket;

  private constructor(folder: string, handlers: SimHandlers) {
    this.#handlers = handlers;
    // Open both ends of both FIFOs, so that opening never waits for the other side.
    const flags = constants.O_RDWR | constants.O_NONBLOCK;
    const from = openSync(join(folder, 'from-node'), flags);
    let to: number;
    try {
      to = openSync(join(folder, 'to-node'), flags);
    } catch (error) {
      closeSync(from);
      throw error;
    }
    this.#from = new Socket({ fd: from, readable: true, writable: false });
    this.#to = new Socket({ fd: to, readable: false, writable: true });
    this.#from.on('data', (bytes) => this.#receive(bytes));
    for (const socket of [this.#from, this.#to])
      socket.on('error', (cause) =>
        this.#fail(new MoteError('SIDE_IO', `The node's simulator channel failed: ${cause.message}`, { cause })),
      );
  }

  /** Creates the FIFOs in `folder`, unless they exist, and listens. Throws `SIDE_IO`. */
  static open(folder: string, handlers: SimHandlers): SimChannel {
    try {
      for (const name of ['to-node', 'from-node']) {
        const path = join(folder, name);
        if (!existsSync(path)) execFileSync('mkfifo', ['-m', '600', path], { stdio: 'pipe' });
      }
      return new SimChannel(folder, handlers);
    } catch (cause) {
      throw new MoteError(
        'SIDE_IO',
        `The simulator channel in ${folder} can't be created (${(cause as Error).message}); it needs mkfifo, and a folder that supports FIFOs.`,
        { cause },
      );
    }
  }

  /** Wakes the node at `nowUs` with these bytes of the link. */
  wake(nowUs: number, bytes: Uint8Array): void {
    this.#to.write(idleFrame(nowUs, bytes));
  }

  close(): void {
    this.#from.destroy();
    this.#to.destroy();
  }

  #fail(error: MoteError): void {
    this.close();
    this.#handlers.onError(error);
  }

  #receive(bytes: Uint8Array): void {
    try {
      for (const one of this.#decoder.push(bytes)) this.#take(one);
    } catch (error) {
      if (!(error instanceof MoteError)) throw error;
      this.#fail(error);
    }
  }

  #take(one: SimFrame): void {
    const handlers = this.#handlers;
    switch (one.type) {
      case 'hello':
        if (one.version !== SIM_VERSION) throw bad(`version ${one.version}, not ${SIM_VERSION}`);
        handlers.onHello?.(one.board);
        return;
      case 'samples':
        this.#to.write(samplesFrame(this.#samples(one.sensor, one.first, one.count)));
        return;
      case 'idle':
        handlers.onIdle?.(one);
        return;
      case 'link':
        handlers.onLink?.(one.bytes);
        return;
      case 'tap':
        handlers.onTap?.(one.name, one.data);
        return;
      case 'debug':
        handlers.onDebug?.(one.text);
        return;
      case 'exit':
        handlers.onExit?.(one.code);
    }
  }

  /** A source that ends continues with zeros, because a board's sensor never ends. */
  #samples(sensor: number, first: number, count: number): Int16Array {
    const source = this.#handlers.sensors[sensor];
    if (source === undefined) throw bad(`samples of sensor ${sensor}`);
    const { channels, length } = source;
    if (count * channels * 2 > MAX_BODY_BYTES) throw bad(`${count} samples at once`);
    const out = new Int16Array(count * channels);
    const there = Math.min(count, Math.max(0, (length ?? Number.MAX_SAFE_INTEGER) - first));
    if (there > 0) source.read(first, out.subarray(0, there * channels));
    return out;
  }
}
