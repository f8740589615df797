import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import { cases, casesText, SAMPLE, sampled } from '../../base/test-form.ts';
import { encodeMessage } from './codec.ts';
import { encodeFrame } from './frame.ts';
import type { Command, Log, NodeMessage, ShimMessage } from './messages.ts';
import type { DownReason, LinkOptions } from './options.ts';
import { encodePacket } from './packet.ts';
import { type FaultPlan, type Pair, transportPair } from './pair.ts';
import { Xorshift } from './random.ts';
import { type NodeLink, nodeLink, type ShimLink, shimLink } from './session.ts';

const log = (n: number): Log => ({ type: 'log', level: 'info', tMs: n, text: '' });
const command = (n: number): Command => ({ type: 'command', id: n, name: 'c', body: new Uint8Array(0) });

/** Two sessions with what each received, and a stream between them that is replaced when it ends. */
class World {
  readonly clock = new VirtualClock();
  readonly atNode: number[] = [];
  readonly atShim: number[] = [];
  readonly downs: DownReason[] = [];
  readonly peers: NodeMessage[][] = [];
  faults: FaultPlan = {};
  pair: Pair | null = null;
  node: NodeLink;
  shim: ShimLink;
  reconnects = true;
  readonly #random: Xorshift;
  #session = 100;

  constructor(seed = 1) {
    this.#random = new Xorshift(seed);
    this.node = this.newNode();
    this.shim = this.newShim();
  }

  newNode(options: Partial<LinkOptions<NodeMessage, ShimMessage>> = {}): NodeLink {
    return nodeLink({
      clock: this.clock,
      newSessionId: () => this.#session++,
      onMessage: (message) => void this.atNode.push(message.type === 'command' ? message.id : -1),
      onPeer: (pending) => this.peers.push(pending),
      onDown: (why) => {
        this.downs.push(why);
        if (this.reconnects && why === 'closed') this.clock.after(10, () => this.connect());
      },
      ...options,
    });
  }

  newShim(options: Partial<LinkOptions<ShimMessage, NodeMessage>> = {}): ShimLink {
    return shimLink({
      clock: this.clock,
      newSessionId: () => this.#session++,
      onMessage: (message) => void this.atShim.push(message.type === 'log' ? message.tMs : -1),
      ...options,
    });
  }

  connect(): void {
    this.pair = transportPair(this.clock, this.faults, () => this.#random.unit());
    this.node.attach(this.pair.a);
    this.shim.attach(this.pair.b);
    // A stream that ends before the hellos were exchanged causes no `onDown`.
    const { pair } = this;
    if (this.reconnects) this.clock.after(30_000, () => this.node.up || this.pair !== pair || this.connect());
  }

  run(seconds: number): void {
    this.clock.runUntil(this.clock.nowUs() + seconds * 1e6);
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('a link session', () => {
  it('comes up, carries messages in both directions in order, and reports the new peer to both ends', () => {
    const world = new World();
    world.connect();
    world.run(1);
    expect([world.node.up, world.shim.up]).toEqual([true, true]);
    expect(world.peers).toEqual([[]]);
    for (const n of upTo(40)) {
      expect(world.node.send(log(n))).toBe(true);
      expect(world.shim.send(command(n))).toBe(true);
    }
    world.run(1);
    expect(world.atShim).toEqual(upTo(40));
    expect(world.atNode).toEqual(upTo(40));
    expect([world.node.queued, world.shim.queued]).toEqual([0, 0]);
    expect(world.node.stats.resent + world.shim.stats.resent).toBe(0);
  });

  it('delivers every message exactly once and in order despite loss, damage, duplicates, fragments and cuts', () => {
    const chance = fc.double({ min: 0, max: 0.2, noNaN: true });
    const plan = fc.record({
      drop: chance,
      corrupt: chance,
      duplicate: chance,
      split: chance,
      cut: fc.double({ min: 0, max: 0.1, noNaN: true }),
      delayMs: fc.nat(300),
    });
    let cuts = 0;
    fc.assert(
      fc.property(plan, fc.integer({ min: 1 }), fc.nat(120), fc.nat(120), (faults, seed, up, down) => {
        const world = new World(seed);
        world.faults = faults;
        world.connect();
        // Messages sent before the two ends have met are handed back when they meet.
        while (!world.node.up || !world.shim.up) world.run(0.01);
        const feed = (sent: number, total: number, send: (n: number) => boolean) => {
          let next = sent;
          while (next < total && send(next)) next++;
          return next;
        };
        let sentUp = 0;
        let sentDown = 0;
        for (let s = 0; s < 4000 && (world.atShim.length < up || world.atNode.length < down); s++) {
          sentUp = feed(sentUp, up, (n) => world.node.send(log(n)));
          sentDown = feed(sentDown, down, (n) => world.shim.send(command(n)));
          world.run(1);
        }
        cuts += world.downs.length;
        // Wait longer: no duplicate may arrive afterwards either.
        world.run(60);
        expect(world.atShim).toEqual(upTo(up));
        expect(world.atNode).toEqual(upTo(down));
      }),
      { numRuns: sampled(200), seed: 1 },
    );
    if (!SAMPLE) expect(cuts).toBeGreaterThan(100);
  });

  it('continues where it stopped after the stream was cut, without a new peer', () => {
    const world = new World();
    world.reconnects = false;
    world.connect();
    world.run(1);
    for (const n of upTo(30)) world.node.send(log(n));
    world.pair!.cut();
    world.run(1);
    expect(world.downs).toEqual(['closed']);
    for (const n of [30, 31]) world.node.send(log(n));
    world.connect();
    world.run(5);
    expect(world.atShim).toEqual(upTo(32));
    expect(world.peers.length).toBe(1);
  });

  it('recognises a shim that restarted on the same stream and hands back the messages that were not acknowledged', () => {
    const world = new World();
    world.connect();
    world.run(1);
    world.faults = {};
    world.shim.detach();
    world.run(1);
    for (const n of upTo(3)) world.node.send(log(n));
    world.shim = world.newShim();
    world.connect();
    world.run(1);
    expect(world.peers.map((pending) => pending.length)).toEqual([0, 3]);
    expect(world.node.up).toBe(true);
    world.node.send(log(9));
    world.run(1);
    expect(world.atShim).toEqual([9]);
  });

  it('recognises a peer that restarted on a line that never closes', () => {
    const world = new World();
    const [a, b] = [transportPair(world.clock), transportPair(world.clock)];
    // A serial line: the shim starts on `a`, restarts, and then receives from the same node.
    let shimSide = a.b;
    const line = {
      write: (bytes: Uint8Array) => a.a.write(bytes),
      onData: a.a.onData,
      onClose: a.a.onClose,
      close: () => {},
    };
    world.node.attach(line);
    world.shim.attach({ ...shimSide, close: () => {} });
    world.run(1);
    world.node.send(log(1));
    world.run(1);
    shimSide = b.b;
    const second = world.newShim();
    second.attach({ write: a.b.write, onData: a.b.onData, onClose: a.b.onClose, close: () => {} });
    world.run(5);
    expect([world.node.up, second.up]).toEqual([true, true]);
    expect(world.downs).toEqual(['restarted']);
    expect(world.peers.length).toBe(2);
    world.node.send(log(2));
    world.run(1);
    expect(world.atShim).toEqual([1, 2]);
  });

  it('rejects messages while its queue is full, and reports when there is room again', () => {
    const world = new World();
    let drained = 0;
    world.node = world.newNode({ queueLimit: 4, onDrain: () => drained++ });
    world.connect();
    world.run(1);
    expect(upTo(6).map((n) => world.node.send(log(n)))).toEqual([true, true, true, true, false, false]);
    world.run(1);
    expect(drained).toBe(1);
    expect(world.atShim).toEqual(upTo(4));
    expect(world.node.room).toBe(4);
  });

  it('has at most a window of messages in flight while the other end is paused', () => {
    const world = new World();
    world.connect();
    world.run(1);
    world.shim.pause();
    for (const n of upTo(50)) world.node.send(log(n));
    world.run(60);
    expect(world.atShim).toEqual([]);
    expect(world.node.up).toBe(true);
    expect(world.node.stats.sent).toBe(16);
    world.shim.resume();
    world.run(5);
    expect(world.atShim).toEqual(upTo(50));
  });

  it('requests missing messages once, and receives everything from there on once', () => {
    const world = new World();
    world.connect();
    world.run(1);
    const { a } = world.pair!;
    const write = a.write;
    let writes = 0;
    a.write = (bytes) => {
      if (writes++ !== 2) write(bytes);
    };
    for (const n of upTo(12)) world.node.send(log(n));
    world.run(0.1);
    expect(world.atShim).toEqual(upTo(12));
    expect([world.shim.stats.gaps, world.node.stats.resent]).toEqual([1, 10]);
  });

  it('acknowledges a repeated message again, because the first acknowledgement may be lost', () => {
    const world = new World();
    world.connect();
    world.run(1);
    const { b } = world.pair!;
    const write = b.write;
    let lost = 0;
    b.write = (bytes) => {
      if (lost++ > 0) write(bytes);
    };
    world.node.send(log(1));
    // Long enough to send it again, and too short for the acknowledgement of a silent peer.
    world.run(2);
    expect(world.atShim).toEqual([1]);
    expect(world.shim.stats.duplicates).toBe(1);
    expect(world.node.queued).toBe(0);
  });

  it('acknowledges only after the handler has returned', () => {
    const world = new World();
    let failing = true;
    world.shim = world.newShim({
      onMessage() {
        if (failing) throw new Error('the disk is full');
      },
    });
    world.connect();
    world.run(1);
    world.node.send(log(1));
    expect(() => world.run(0.1)).toThrow('the disk is full');
    failing = false;
    expect(world.node.queued).toBe(1);
  });

  it('goes down when nothing arrived for three keep-alive times, and comes back', () => {
    const world = new World();
    world.connect();
    world.run(100);
    expect(world.downs).toEqual([]);
    world.shim.detach = () => {};
    const { shim } = world;
    shim.pause();
    world.pair!.b.write = () => {};
    world.pair!.a.onData(() => {});
    world.run(45);
    expect(world.downs).toEqual(['silent']);
    expect(world.node.up).toBe(false);
    shim.resume();
    world.connect();
    world.run(5);
    expect([world.node.up, world.peers.length]).toEqual([true, 1]);
  });

  const strangers: [string, Uint8Array, 'badPackets' | 'badMessages'][] = [
    ['of another version', Uint8Array.of(0x23, 0, 0), 'badPackets'],
    ['of an unknown kind', Uint8Array.of(0x1f, 0, 0), 'badPackets'],
    ['with a hello cut short', Uint8Array.of(0x11, 0, 0, 0), 'badPackets'],
    ['with an unknown message', Uint8Array.of(0x12, 0, 0, 0, 0, 0x81, 0x0f), 'badMessages'],
    ['with a malformed message', Uint8Array.of(0x12, 0, 0, 0, 0, 0xff), 'badMessages'],
    ['with a message that only a shim sends', dataFrame(0, encodeMessage(command(1))), 'badMessages'],
  ];
  it.each(strangers)('ignores and counts a frame %s', (_, content, counter) => {
    const world = new World();
    world.connect();
    world.run(1);
    world.pair!.a.write(encodeFrame(content));
    world.run(1);
    expect(world.shim.stats[counter]).toBe(1);
    expect(world.atShim).toEqual([]);
    expect(world.shim.up).toBe(true);
  });

  it('starts a new session with a peer that knows the session but not its position', () => {
    const world = new World();
    world.connect();
    world.run(1);
    for (const n of upTo(5)) world.node.send(log(n));
    world.run(1);
    const before = world.peers.length;
    const hello = {
      kind: 'hello',
      ready: false,
      session: 101,
      peer: 100,
      next: 999,
      window: 4,
      maxBytes: 100,
    } as const;
    world.pair!.b.write(encodeFrame(encodePacket(hello)));
    world.run(5);
    expect(world.peers.length).toBeGreaterThan(before);
    expect([world.node.up, world.shim.up]).toEqual([true, true]);
    world.node.send(log(5));
    world.run(1);
    expect(world.atShim).toEqual(upTo(6));
  });

  it('rejects a message that is too long for the other end', () => {
    const world = new World();
    world.node.attach(transportPair(world.clock).a);
    const pair = transportPair(world.clock);
    world.node.attach(pair.a);
    pair.b.write(
      encodeFrame(encodePacket({ kind: 'hello', ready: false, session: 7, peer: 0, next: 0, window: 2, maxBytes: 40 })),
    );
    world.run(0.1);
    expect(() => world.node.send({ ...log(1), text: 'x'.repeat(60) })).toThrow('make it smaller');
  });

  it(`withstands ${casesText(100_000)} hostile packets with correct checksums`, () => {
    const random = new Xorshift(5);
    const world = new World();
    world.reconnects = false;
    const pair = transportPair(world.clock);
    world.shim.attach(pair.b);
    const seeds = [
      encodePacket({ kind: 'hello', ready: false, session: 7, peer: 101, next: 0, window: 8, maxBytes: 8192 }),
      dataFrame(0, encodeMessage(log(1))),
      encodePacket({ kind: 'ack', ack: 1 }),
      encodePacket({ kind: 'nak', ack: 0 }),
    ];
    const packets = Math.max(1000, cases(100_000));
    for (let i = 0; i < packets; i++) {
      const packet = seeds[random.below(seeds.length)]!.slice();
      if (random.below(4) > 0) packet[random.below(packet.length)] = random.below(256);
      pair.a.write(encodeFrame(packet));
      if (i % 100 === 0) {
        if (world.shim.room > 0) world.shim.send(command(i));
        world.run(0.5);
      }
    }
    expect(world.shim.queued).toBeLessThanOrEqual(64);
    expect(world.shim.stats.badPackets).toBeGreaterThan(packets / 100);
  });
});

function dataFrame(seq: number, body: Uint8Array): Uint8Array {
  return encodePacket({ kind: 'data', seq, ack: 0, body });
}
