/** Random scripts for a node's end: with a real shim over a bad stream, and with a hostile peer. */

import { VirtualClock } from '../../host/base/index.ts';
import { encodeFrame } from '../../host/device/link/frame.ts';
import { encodeMessage, type ShimMessage, shimLink, transportPair, Xorshift } from '../../host/device/link/index.ts';
import { encodePacket, type Packet } from '../../host/device/link/packet.ts';
import type { Transport } from '../../host/device/link/transport.ts';
import { hex, NodeEnd } from './reference.ts';

export interface Script {
  lines: string[];
  expected: string[];
}

const pick = <T>(random: Xorshift, ...choices: T[]): T => choices[random.below(choices.length)]!;
const bytesOf = (random: Xorshift, count: number) => Uint8Array.from({ length: count }, () => random.below(256));
const utf8 = (text: string) => hex(new TextEncoder().encode(text));

/** Sizes of a start: of a small board, a large one, and some unusual ones that must work too. */
function sizes(random: Xorshift): string {
  const bytes = pick(random, 700, 3000, 6000, 16_000, 60_000);
  return [
    pick(random, 1, 2, 8, 16),
    pick(random, 1, 4, 16, 64),
    pick(random, 100, bytes >> 1, bytes),
    pick(random, 200, 1280, 4352, 8192),
    pick(random, 0, 3, 20, 1024),
    pick(random, 10, 300, 65_536),
    pick(random, 0, 3, 64),
    pick(random, 0, 2, 64),
    pick(random, 1, 4, 64),
    bytes,
    pick(random, 0, bytes >> 2, bytes >> 1),
  ].join(' ');
}

class Recorder {
  readonly lines: string[] = [];
  readonly expected: string[] = [];
  readonly node = new NodeEnd();
  readonly random: Xorshift;
  #session: number;
  #seq = 0;

  constructor(seed: number) {
    this.random = new Xorshift(seed);
    this.#session = 1 + this.random.below(1 << 30);
  }

  get session(): number {
    return this.#session;
  }

  do(us: number, what: string): void {
    const line = `${us} ${what}`;
    this.lines.push(line);
    this.expected.push(this.node.run(line));
  }

  start(us: number): void {
    this.#session += 100;
    this.#seq = 0;
    this.do(us, `start ${this.#session} ${sizes(this.random)}`);
  }

  /** Sends a random message of a node. */
  send(us: number): void {
    this.do(us, this.#something(us));
  }

  /** Starts a module: it declares metrics and sends messages, then the birth follows. */
  begin(us: number): void {
    this.do(us, 'hold');
    this.do(us, `metrics ${pick(this.random, 0, 1, 1, 18)}`);
    for (let left = this.random.below(6); left > 0; left--) this.send(us);
    this.do(us, 'birth');
  }

  #something(us: number): string {
    const { random } = this;
    const seq = this.#seq++;
    switch (random.below(10)) {
      case 0:
        return `log ${random.below(4)} ${utf8('é'.repeat(random.below(60)))}`;
      case 1:
        return `ota ${random.below(7)} ${random.below(100_000)} ${random.below(3) - 1}`;
      case 2:
        return 'birth';
      case 3:
      case 4:
        return `event ${seq} ${utf8('e'.repeat(1 + random.below(64)))} ${hex(this.#body())}`;
      default: {
        const values = new DataView(new ArrayBuffer(4 * (1 + random.below(random.below(8) ? 30 : 1024))));
        const wide = pick(random, 3, 300, 70_000, 2 ** 32);
        for (let at = 0; at < values.byteLength; at += 4) values.setUint32(at, random.below(wide), true);
        const bytes = hex(new Uint8Array(values.buffer));
        const t0 = pick(random, us, random.below(1000));
        return `telemetry ${random.below(64)} ${t0} ${random.below(2 ** 31)} ${random.below(37) - 18} ${random.below(256)} ${seq} ${bytes}`;
      }
    }
  }

  #body(): Uint8Array {
    const count = this.random.below(this.random.below(4) ? 20 : 1020);
    return Uint8Array.of(0x59, count >> 8, count & 255, ...bytesOf(this.random, count));
  }
}

function shimMessage(random: Xorshift): ShimMessage {
  switch (random.below(5)) {
    case 0:
      return { type: 'config', values: { gain: random.next(), ﬀ: 1, '😀': random.below(3) } };
    case 1:
      return { type: 'offer', sha256: bytesOf(random, 32), sequence: random.below(9), total: 1 + random.below(1e6) };
    case 2:
      return {
        type: 'chunk',
        transfer: bytesOf(random, 8),
        offset: random.below(1e6),
        bytes: bytesOf(random, 1 + random.below(random.below(3) ? 100 : 4096)),
      };
    default:
      return { type: 'command', id: random.below(1000), name: 'blink', body: bytesOf(random, random.below(40)) };
  }
}

/** A correct node and a correct shim, a bad stream between them, and restarts of either. */
export function lossyScript(seed: number, actions: number): Script {
  const recorder = new Recorder(seed);
  const { random, node } = recorder;
  const world = new VirtualClock();
  const us = () => world.nowUs();
  const faults = {
    drop: pick(random, 0, 0.05, 0.2),
    corrupt: pick(random, 0, 0.02, 0.1),
    duplicate: pick(random, 0, 0.05),
    split: pick(random, 0, 0.3),
    cut: pick(random, 0, 0.001, 0.01),
    delayMs: pick(random, 0.013, 7.131, 350.077),
  };
  let shimSession = 1;
  const late = pick(random, 0, 3, 900);
  const newShim = () => {
    const link = shimLink({
      clock: world,
      newSessionId: () => shimSession++,
      window: pick(random, 1, 8, 64),
      maxBytes: pick(random, 150, 1000, 8192, 8192),
      onMessage(message) {
        if (message.type !== 'time?') return;
        const utcMs = pick(random, 3, 1_790_000_000_000) + Math.floor(world.nowUs() / 1000);
        world.after(late, () => void link.send({ type: 'time', sentUs: message.sentUs, utcMs }));
      },
    });
    return link;
  };
  let shim = newShim();
  let end: Transport | null = null;
  node.onWrite = (bytes) => end?.write(bytes.slice());
  const attach = () => {
    const pair = transportPair(world, faults, () => random.unit());
    end = pair.a;
    pair.a.onData((bytes) => end === pair.a && recorder.do(us(), `in ${hex(bytes)}`));
    pair.a.onClose(() => {
      if (end !== pair.a) return;
      end = null;
      recorder.do(us(), 'closed');
      world.after(pick(random, 0, 50.5, 3000.1, 40_000), attach);
    });
    shim.attach(pair.b);
    recorder.do(us(), 'attach');
  };
  const act = () => {
    const what = random.below(200);
    if (what === 0) recorder.start(us());
    else if (what === 1) shim = newShim();
    else if (what === 2) recorder.do(us(), `metrics ${pick(random, 0, 1, 18)}`);
    else if (what === 3) recorder.do(us(), `failed ${random.below(2)}`);
    else if (what === 4) recorder.do(us(), 'stats');
    else if (what < 8) recorder.begin(us());
    else if (what < 60) {
      const message = shimMessage(random);
      // The node may accept only shorter messages.
      if (encodeMessage(message).length <= shim.peerMaxBytes) shim.send(message);
    } else recorder.send(us());
    // A restarted node or shim has a new stream.
    if (what < 2) {
      end?.close();
      end = null;
      attach();
    }
  };
  recorder.start(0);
  attach();
  for (let done = 0; done < actions; ) {
    const due = node.clock.nextUs();
    const next = world.nextUs();
    if (due !== null && (next === null || due <= next)) {
      world.spend(due - us());
      recorder.do(due, 'wait');
    } else if (next !== null && random.below(4) > 0) world.runNext();
    else {
      const pause = Math.min(pick(random, 1, 977, 30_011, 5_000_003), (next ?? Number.MAX_SAFE_INTEGER) - us());
      world.spend(due === null ? pause : Math.min(pause, due - us()));
      act();
      done++;
    }
  }
  recorder.do(us(), 'stats');
  return recorder;
}

/** Packets with correct checksums and any content, close to valid ones; and random bytes. */
export function hostileScript(seed: number, reads: number): Script {
  const recorder = new Recorder(seed);
  const { random } = recorder;
  let us = 0;
  let peer = 1;
  let seq = 0;
  let ack = 0;
  const near = (value: number) =>
    (value + pick(random, 0, 0, 0, 0, 1, 2, -1, 7, 0x8000, random.below(65_536))) & 0xffff;
  const hello = (): Packet => ({
    kind: 'hello',
    ready: random.below(3) === 0,
    session: pick(random, peer, peer, peer, ++peer),
    peer: pick(random, 0, recorder.session, recorder.session + random.below(4)),
    next: near(ack),
    window: 1 + random.below(64),
    maxBytes: pick(random, 8192, 8192, 65_535, 100, 1),
  });
  const body = (): Uint8Array => {
    const bytes = encodeMessage(shimMessage(random)).slice(0, pick(random, 9000, 9000, 1 + random.below(40)));
    if (random.below(3) === 0) bytes[random.below(Math.min(bytes.length, 12))] = random.below(256);
    return bytes;
  };
  const packet = (): Uint8Array => {
    switch (random.below(12)) {
      case 0:
      case 1:
        return encodePacket(hello());
      case 2:
        return encodePacket({ kind: 'nak', ack: near(ack) });
      case 3:
        ack = near(ack);
        return encodePacket({ kind: 'ack', ack });
      case 4:
        return bytesOf(random, 1 + random.below(20));
      default: {
        const at = near(seq);
        if (at === seq) seq = (seq + 1) & 0xffff;
        return encodePacket({ kind: 'data', seq: at, ack: near(ack), body: body() });
      }
    }
  };
  recorder.start(0);
  recorder.do(0, 'attach');
  for (let i = 0; i < reads; i++) {
    us += pick(random, 0, 1, 500, 90_000, 700_000, 11_000_000);
    if (random.below(300) === 0) {
      recorder.start(us);
      recorder.do(us, 'attach');
      [seq, ack] = [0, 0];
    }
    if (random.below(60) === 0) {
      recorder.do(us, pick(random, 'closed', 'detach', 'attach'));
      recorder.do(us, 'attach');
    }
    if (random.below(3) === 0) recorder.send(us);
    if (random.below(40) === 0) recorder.begin(us);
    const frames = Array.from({ length: 1 + random.below(random.below(9) ? 4 : 40) }, () => encodeFrame(packet()));
    const read = Buffer.concat(frames);
    if (random.below(12) === 0) read[random.below(read.length)] = random.below(256);
    const cut = random.below(6) === 0 ? 1 + random.below(read.length) : read.length;
    recorder.do(us, `in ${hex(read.subarray(0, cut))}`);
    if (cut < read.length) recorder.do(us, `in ${hex(read.subarray(cut))}`);
    // Both numbers start at 0 with a new peer.
    if (random.below(20) === 0) [seq, ack] = [0, 0];
  }
  recorder.do(us, 'stats');
  return recorder;
}
