/** A node for tests of the gateway: a real link and a real update receiver, without an engine. */
import { randomBytes } from 'node:crypto';
import { backgroundClock } from '../../base/index.ts';
import { MemoryFlash } from '../../device/flash/index.ts';
import {
  type Birth,
  type Event,
  type NodeLink,
  type NodeMessage,
  nodeLink,
  type OtaStatus,
  type Pair,
  type ShimMessage,
  type Telemetry,
  transportPair,
} from '../../device/link/index.ts';
import { buildPackage, generateKeyPair } from '../../device/package/index.ts';
import { SlotStore, UpdateReceiver } from '../../device/update/index.ts';
import type { Shim } from './shim.ts';

const pair = generateKeyPair();

/** A signed package whose rom is `romBytes` long. */
export function somePackage(sequence: number, romBytes = 60_000): Uint8Array {
  return buildPackage({
    wasm: Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0),
    rom: Uint8Array.from({ length: romBytes }, (_, i) => (i * 31 + sequence) & 255),
    metadata: {
      name: 'test',
      version: '1.0.0',
      abi: 65536,
      memoryBytes: 1024,
      sensors: [],
      metrics: [],
      commands: [],
      models: [],
      fuel: 1000n,
      trialMs: 1000,
      product: '',
      node: '',
      group: '',
      maxStep: 1_000_000,
    },
    sequence,
    privateKey: pair.privateKey,
  });
}

export class FakeNode {
  readonly id: string;
  readonly received: ShimMessage[] = [];
  readonly slots: SlotStore;
  readonly updates: UpdateReceiver;
  /** Whether a new module reports that it is healthy. */
  healthy = true;
  /** Send no birth. */
  mute = false;
  boot = 1;
  link: NodeLink;
  /** Offsets of the chunks that arrived. */
  readonly offsets: number[] = [];
  onMessage: (message: ShimMessage) => void = () => {};
  #pair: Pair | undefined;
  #waiting: NodeMessage[] = [];

  constructor(id: string, flash = new MemoryFlash({ sizeBytes: 64 * 4096 })) {
    this.id = id;
    this.slots = SlotStore.open(flash);
    this.updates = new UpdateReceiver({
      slots: this.slots,
      nowUs: () => backgroundClock.nowUs(),
      verifyHead: () => {},
      verify: () => {},
    });
    this.link = this.#newLink();
  }

  get birth(): Birth {
    const active = this.slots.active();
    return {
      type: 'birth',
      node: this.id,
      boot: this.boot,
      firmware: { name: 'fake', version: '1.0.0' },
      module: active && {
        name: 'test',
        version: '1.0.0',
        sequence: active.sequence,
        sha256: active.sha256,
        slot: active.slot,
        state: active.state,
      },
      metrics: [{ name: 'temperature', unit: 'Cel', exponent: -2 }],
      commands: ['blink'],
    };
  }

  /** Connects to `shim`, as a socket that it accepts. */
  plug(shim: Shim): Pair {
    const wire = transportPair(backgroundClock);
    this.#pair = wire;
    shim.accept(wire.b);
    this.link.attach(wire.a);
    return wire;
  }

  cut(): void {
    this.#pair?.cut();
  }

  /** Restarts as after a loss of power: unsent messages are lost, the flash is kept. */
  restart(): void {
    this.link.close();
    this.boot++;
    this.#waiting = [];
    this.slots.boot();
    this.link = this.#newLink();
  }

  send(message: NodeMessage): void {
    this.#waiting.push(message);
    this.#flush();
  }

  event(seq: number): void {
    this.send({ type: 'event', name: 'count', tMs: 1_790_000_000_000 + seq, seq, body: cborInt(seq) } satisfies Event);
  }

  telemetry(seq: number): void {
    this.send({
      type: 'telemetry',
      metric: 0,
      t0Ms: 1_790_000_000_000 + seq * 1000,
      dtUs: 50_000,
      values: [seq, seq + 1],
      exponent: -2,
      quality: 0,
      seq,
    } satisfies Telemetry);
  }

  #newLink(): NodeLink {
    return nodeLink({
      clock: backgroundClock,
      newSessionId: () => randomBytes(4).readUInt32LE(),
      resendMs: 50,
      onMessage: (message) => this.#heard(message),
      onPeer: (pending) => {
        if (!this.mute) this.link.send(this.birth);
        this.#waiting.unshift(...pending.filter((m) => m.type !== 'birth' && m.type !== 'ota'));
        this.#flush();
      },
      onDrain: () => this.#flush(),
    });
  }

  #flush(): void {
    // After a message that it did not accept, the link calls `onDrain`.
    while (this.#waiting.length > 0 && this.link.send(this.#waiting[0]!)) this.#waiting.shift();
  }

  #heard(message: ShimMessage): void {
    if (message.type === 'chunk') this.offsets.push(message.offset);
    if (message.type === 'chunk' || message.type === 'offer') {
      for (const status of this.updates.handle(message)) this.send(status);
      while (this.updates.erasing) for (const status of this.updates.erase()) this.send(status);
      if (this.updates.ready) this.#swap();
    } else this.received.push(message);
    this.onMessage(message);
  }

  #swap(): void {
    const say = (state: OtaStatus['state'], extra: Partial<OtaStatus> = {}) =>
      this.send({ ...this.updates.status(state, info), ...extra });
    this.slots.startTrial();
    const info = this.slots.boot()!;
    say('swapping');
    this.link.send(this.birth);
    say('trial', { swapUs: 900, lost: 0 });
    if (this.healthy) {
      this.slots.confirm();
      say('confirmed');
    } else {
      const reason = { code: 'TRAP_FUEL', text: 'step() ran out of fuel' };
      this.slots.fail(reason);
      say('rolledback', { reason });
    }
    this.link.send(this.birth);
  }
}

function cborInt(value: number): Uint8Array {
  return value < 24 ? Uint8Array.of(value) : Uint8Array.of(0x1a, value >>> 24, value >>> 16, value >>> 8, value);
}
