/**
 * Captures: the last raw samples before events, stored for a replay to another module (docs/spec/node.md). The oldest
 * are dropped when there is no room. The C twin is boards/agent/captures.c.
 */
import { NodeConstant } from '../../base/abi/index.ts';
import { CborReader, CborWriter } from '../../base/cbor/index.ts';
import { type Clock, clip, MoteError, sentence } from '../../base/index.ts';
import type { Sensor } from './sensor.ts';

/** Prefix of the names of the node's own commands. */
export const OWN_PREFIX = 'agent.';
/** Bytes that a capture takes besides its samples. */
const HEAD_BYTES = NodeConstant.captureHeadBytes;
/** Largest share of the bytes for one capture, so that there is room for several. */
const SHARE = NodeConstant.captureShare;
/** Bytes of samples in one answer, which is one event together with its description. */
const PART_BYTES = NodeConstant.capturePartBytes;
const U32_MAX = 0xffff_ffff;

interface Capture {
  event: number;
  sensor: string;
  /** Time of the first sample, on the node's clock. */
  tUs: number;
  /** int16, little-endian, channels interleaved. */
  samples: Uint8Array;
}

export interface CapturesOptions {
  clock: Clock;
  sensors: readonly Sensor[];
  /** Bytes of all captures together; 0: none are made. */
  bytes: number;
  /** Returns false if there is no room. */
  event(name: string, body: Uint8Array): boolean;
}

const malformed = (what: string) => new MoteError('NODE_COMMAND', what);

export class Captures {
  readonly #options: CapturesOptions;
  #kept: Capture[] = [];
  #used = 0;
  /** Number of the oldest capture. */
  #first = 0;
  /** End of the last capture of each sensor in samples: captures don't overlap. */
  readonly #ends = new Map<Sensor, number>();

  constructor(options: CapturesOptions) {
    this.#options = options;
  }

  /** Captures the samples of all sensors before an event. */
  keep(event: number): void {
    const { clock, sensors, bytes } = this.#options;
    for (const sensor of sensors) {
      const sampleBytes = sensor.channels * 2;
      const max = Math.floor((Math.floor(bytes / SHARE) - HEAD_BYTES) / sampleBytes);
      if (!sensor.opened || max < 1) continue;
      const { first, tUs, samples } = sensor.history(clock.nowUs(), max);
      const end = first + samples.length / sampleBytes;
      if (end === (this.#ends.get(sensor) ?? 0)) continue;
      this.#ends.set(sensor, end);
      this.#used += HEAD_BYTES + samples.length;
      this.#kept.push({ event, sensor: sensor.name, tUs, samples });
      while (this.#used > bytes) {
        this.#used -= HEAD_BYTES + this.#kept.shift()!.samples.length;
        this.#first++;
      }
    }
  }

  command(name: string, body: Uint8Array): { ok: boolean; text: string } {
    if (name === 'agent.windows') {
      const range = new CborWriter(malformed)
        .array(2)
        .int(this.#first)
        .int(this.#first + this.#kept.length);
      return this.#answer(name, range);
    }
    if (name === 'agent.window') return this.#part(name, body);
    return { ok: false, text: sentence('no_own_command', clip(name, 64)) };
  }

  #part(name: string, body: Uint8Array): { ok: boolean; text: string } {
    const wanted = readWanted(body);
    if (wanted === null) return { ok: false, text: sentence('capture_body') };
    const { number, offset } = wanted;
    const capture = this.#kept[number - this.#first];
    if (capture === undefined || offset >= capture.samples.length)
      return { ok: false, text: sentence('capture_unknown') };
    const { event, sensor, tUs, samples } = capture;
    const part = new CborWriter(malformed).array(7).int(number).int(event).text(sensor).int(tUs);
    part
      .int(samples.length)
      .int(offset)
      .bytes(samples.subarray(offset, offset + PART_BYTES));
    return this.#answer(name, part);
  }

  #answer(name: string, body: CborWriter): { ok: boolean; text: string } {
    const sent = this.#options.event(name, body.finish());
    return sent ? { ok: true, text: '' } : { ok: false, text: sentence('capture_room') };
  }
}

function readWanted(body: Uint8Array): { number: number; offset: number } | null {
  const reader = new CborReader(body, malformed);
  try {
    reader.array(2, 2);
    const number = reader.int(0, U32_MAX);
    const offset = reader.int(0, U32_MAX);
    reader.end();
    return { number, offset };
  } catch (error) {
    if (error instanceof MoteError) return null;
    throw error;
  }
}
