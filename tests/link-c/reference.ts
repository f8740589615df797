/** The TypeScript counterpart of `driver.c`: executes a line of a script and returns a line of results. */
import { VirtualClock } from '../../host/base/index.ts';
import { encodeFrame } from '../../host/device/link/frame.ts';
import {
  type Birth,
  encodeMessage,
  type OtaStatus,
  type ShimMessage,
  type Transport,
} from '../../host/device/link/index.ts';
import { encodePacket } from '../../host/device/link/packet.ts';
import { Uplink } from '../../host/device/node/uplink.ts';
import { UtcClock } from '../../host/device/node/utc.ts';

export const hex = (bytes: Uint8Array) => (bytes.length === 0 ? '-' : Buffer.from(bytes).toString('hex'));
const unhex = (text = '-') => (text === '-' ? new Uint8Array(0) : new Uint8Array(Buffer.from(text, 'hex')));
const text = (digits: string | undefined) => Buffer.from(unhex(digits)).toString();
const utf8 = (text: string) => hex(new TextEncoder().encode(text));
const sha256 = Uint8Array.from({ length: 32 }, (_, i) => i);
const LEVELS = ['error', 'warn', 'info', 'debug'] as const;
const OTA_STATES = ['receiving', 'verifying', 'swapping', 'trial', 'confirmed', 'rolledback', 'refused'] as const;

export function show(message: ShimMessage): string {
  switch (message.type) {
    case 'time':
      return `time ${message.sentUs} ${message.utcMs}`;
    case 'command':
      return `command ${message.id} ${utf8(message.name)} ${hex(message.body)}`;
    case 'config':
      return [
        'config',
        ...Object.keys(message.values)
          .sort()
          .map((key) => `${utf8(key)}=${message.values[key]}`),
      ].join(' ');
    case 'offer':
      return `offer ${hex(message.sha256)} ${message.sequence} ${message.total}`;
    default:
      return `chunk ${hex(message.transfer)} ${message.offset} ${hex(message.bytes)}`;
  }
}

/** Frames of a shim that knows the node's session. */
export function shimHello(peer: number, session = 77): string {
  const hello = { kind: 'hello', ready: true, session, peer, next: 0, window: 16, maxBytes: 8192 } as const;
  return hex(encodeFrame(encodePacket(hello)));
}
export function shimData(seq: number, message: ShimMessage, ack = 0): string {
  return hex(encodeFrame(encodePacket({ kind: 'data', seq, ack, body: encodeMessage(message) })));
}
export function shimAcks(ack: number, kind: 'ack' | 'nak' = 'ack'): string {
  return hex(encodeFrame(encodePacket({ kind, ack })));
}

export class NodeEnd {
  readonly clock = new VirtualClock();
  /** Called with the bytes that the node writes. */
  onWrite: (bytes: Uint8Array) => void = () => {};
  #out = '';
  #uplink: Uplink | null = null;
  #receive: (bytes: Uint8Array) => void = () => {};
  #close: () => void = () => {};
  #metrics = 0;
  #failed = false;

  run(line: string): string {
    const [at = '', name = '', ...words] = line.split(' ');
    this.#out = '';
    this.clock.runUntil(Number(at));
    this.#run(name, words);
    return this.#out;
  }

  #run(name: string, words: string[]): void {
    const uplink = this.#uplink!;
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = words.map(Number);
    const commands: Record<string, () => void> = {
      start: () => this.#start(words.map(Number)),
      attach: () => uplink.attach(this.#transport()),
      closed: () => this.#close(),
      detach: () => uplink.detach(),
      in: () => this.#receive(unhex(words[0])),
      hold: () => uplink.hold(),
      birth: () => uplink.control(this.#birth()),
      metrics: () => {
        this.#metrics = a;
      },
      failed: () => {
        this.#failed = a !== 0;
      },
      stats: () => this.#print(this.#stats()),
      telemetry: () => {
        const bytes = unhex(words[6]);
        const view = new DataView(bytes.buffer);
        const values = Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(i * 4, true));
        uplink.data({ type: 'telemetry', metric: a, t0Us: b, dtUs: c, values, exponent: d, quality: e, seq: f });
      },
      event: () => {
        const taken = this.#event(a, text(words[1]), unhex(words[2]));
        this.#print(taken ? '1' : '0');
      },
      log: () => uplink.data({ type: 'log', level: LEVELS[a]!, text: text(words[1]), tUs: this.clock.nowUs() }),
      ota: () => uplink.control({ ...this.#status(OTA_STATES[a]!, b), ...(c >= 0 && { swapUs: c, lost: c }) }),
      wait: () => {},
    };
    commands[name]!();
  }

  #print(text: string): void {
    this.#out += text;
  }

  #transport(): Transport {
    return {
      write: (bytes) => {
        this.#print(Buffer.from(bytes).toString('hex'));
        this.onWrite(bytes);
      },
      onData: (listener) => {
        this.#receive = listener;
      },
      onClose: (listener) => {
        this.#close = listener;
      },
      close() {},
    };
  }

  #start(numbers: number[]): void {
    const [session = 1, window, queueLimit, queueBytes, maxBytes, ...limits] = numbers as [number, ...number[]];
    const [telemetryFrames = 0, telemetryValues = 0, events = 0, logs = 0, control, bytes, reserveBytes] = limits;
    const outbox = { telemetryFrames, telemetryValues, events, logs, control, bytes, reserveBytes };
    this.#uplink?.close();
    this.#out = '';
    this.#metrics = 0;
    this.#failed = false;
    let next = session;
    this.#uplink = new Uplink({
      clock: this.clock,
      utc: new UtcClock(),
      settings: { window, queueLimit, queueBytes, maxBytes, outbox } as ConstructorParameters<
        typeof Uplink
      >[0]['settings'],
      newSessionId: () => next++,
      birth: () => this.#birth(),
      failure: () =>
        this.#failed
          ? {
              ...this.#status('rolledback', 100_000),
              reason: { code: 'TRAP_STACK', text: 'step: the module trapped: stack' },
            }
          : null,
      onMessage: (message) => this.#onMessage(message),
      onChange: (up, why) => {
        this.#print(`[${up ? 'up' : why}]`);
      },
    });
  }

  #birth(): Birth {
    const count = this.#metrics;
    const units = ['', 'Cel', 'm/s2'];
    return {
      type: 'birth',
      node: 'node',
      boot: 1,
      firmware: { name: 'test', version: '1.0.0' },
      module: count > 0 ? { name: 'app', version: '2.0.0', sequence: 3, sha256, slot: 1, state: 'confirmed' } : null,
      metrics: Array.from({ length: count }, (_, i) => ({ name: 'metric', unit: units[i % 3]!, exponent: -i })),
      commands: count > 0 ? ['blink'] : [],
    };
  }

  #status(state: OtaStatus['state'], received: number): OtaStatus {
    return { type: 'ota', state, sequence: 6, sha256, received, total: 100_000 };
  }

  #event(seq: number, name: string, body: Uint8Array): boolean {
    if (!this.#uplink!.eventRoom(name, body)) return false;
    this.#uplink!.data({ type: 'event', name, tUs: this.clock.nowUs(), seq, body });
    return true;
  }

  #onMessage(message: ShimMessage): void {
    this.#print(`[${show(message)}]`);
    if (message.type === 'command') {
      if (message.id % 5 === 0) this.#event(message.id, 'answer', Uint8Array.of(1));
      this.#uplink!.control({
        type: 'result',
        id: message.id,
        ok: false,
        reason: { code: '', text: `the module takes no command '${message.name}'` },
      });
    } else if (message.type === 'chunk') this.#uplink!.control(this.#status('receiving', message.offset));
    else if (message.type === 'offer') this.#uplink!.control(this.#birth());
  }

  #stats(): string {
    const { up, queued, stats, counts } = this.#uplink!;
    const { sent, received, resent, duplicates, gaps, badFrames, badPackets, badMessages } = stats;
    return [
      ...[up ? 1 : 0, sent, received, resent, duplicates, gaps, badFrames, badPackets, badMessages],
      ...[queued, counts.waiting, counts.droppedTelemetry, counts.droppedLogs],
    ].join(' ');
  }
}
