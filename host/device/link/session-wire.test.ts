/** One end of a session against packets that the test writes: what it sends, and when. */
import { describe, expect, it } from 'vitest';
import { LinkConstant } from '../../base/abi/index.ts';
import { VirtualClock } from '../../base/index.ts';
import { encodeMessage } from './codec.ts';
import { encodeFrame, FrameDecoder } from './frame.ts';
import type { Command, Log, NodeMessage, ShimMessage } from './messages.ts';
import type { LinkOptions } from './options.ts';
import { encodePacket, type Packet, parsePacket } from './packet.ts';
import { transportPair } from './pair.ts';
import { nodeLink } from './session.ts';
import { storedBytes } from './stored.ts';

const log = (n: number, text = ''): Log => ({ type: 'log', level: 'info', tMs: n, text });
const command = (id: number): Command => ({ type: 'command', id, name: 'c', body: new Uint8Array(0) });
const PEER = { kind: 'hello', ready: true, session: 7, peer: 100, next: 0, window: 8, maxBytes: 8192 } as const;

/** A node with sessions 100, 101, ... on a line; `sent` is what it sent, each with its time in ms. */
function line(options: Partial<LinkOptions<NodeMessage, ShimMessage>> = {}) {
  const clock = new VirtualClock();
  const got: string[] = [];
  let session = 100;
  const node = nodeLink({
    clock,
    newSessionId: () => session++,
    onMessage: (message) => void got.push(`message ${message.type === 'command' ? message.id : message.type}`),
    onPeer: (pending) => got.push(`peer ${pending.map((message) => (message as Log).tMs)}`),
    onUp: () => got.push('up'),
    onDown: (why) => got.push(`down ${why}`),
    onDrain: () => got.push('drain'),
    ...options,
  });
  const sent: string[] = [];
  const note = (text: string) => sent.push(`${Math.round(clock.nowUs() / 1000)} ${text}`);
  const attach = () => {
    const pair = transportPair(clock);
    const decoder = new FrameDecoder();
    pair.b.onData((bytes) => {
      if (bytes.length === 1) note('zero');
      decoder.push(bytes, (content) => note(shown(parsePacket(content)!)));
    });
    pair.b.onClose(() => note('closed'));
    node.attach(pair.a);
    return pair;
  };
  let pair = attach();
  const run = (ms: number) => clock.runUntil(clock.nowUs() + 1000 * ms);
  return {
    node,
    got,
    run,
    attach: () => {
      pair = attach();
    },
    cut: () => pair.cut(),
    /** Writes packets in one read of the node. */
    write: (...packets: Packet[]) =>
      pair.b.write(Buffer.concat(packets.map((packet) => encodeFrame(encodePacket(packet))))),
    bytes: (bytes: Uint8Array) => pair.b.write(bytes),
    /** What was sent since the last call. */
    sent: () => sent.splice(0),
    /** Brings the link up, without traces of it. */
    up(hello: object = {}) {
      this.write({ ...PEER, ...hello });
      run(0);
      sent.splice(0);
      got.splice(0);
    },
  };
}

function shown(packet: Packet): string {
  if (packet.kind === 'hello')
    return `hello ${packet.ready ? 'ready ' : ''}${packet.session}>${packet.peer} next ${packet.next} window ${packet.window} max ${packet.maxBytes}`;
  return packet.kind === 'data' ? `data ${packet.seq} ack ${packet.ack}` : `${packet.kind} ${packet.ack}`;
}
const data = (seq: number, ack = 0, body = encodeMessage(command(seq))): Packet => ({ kind: 'data', seq, ack, body });

describe('one end of a session', () => {
  it('begins with a zero and a hello, and repeats the hello with a growing delay', () => {
    const { sent, run } = line();
    run(20_000);
    const hello = 'hello 100>0 next 0 window 16 max 8192';
    expect(sent()).toEqual(['0 zero', ...[0, 400, 1200, 2800, 6000, 12_400, 18_800].map((ms) => `${ms} ${hello}`)]);
  });

  it.each([
    [{ window: 0, maxBytes: 0 }, 'window 1 max 1'],
    [{ window: 99, maxBytes: 9999 }, 'window 64 max 8192'],
    [{ window: 5, maxBytes: 100 }, 'window 5 max 100'],
  ])('announces its limits within those of the protocol: %o', (options, text) => {
    const { sent, run } = line(options);
    run(0);
    expect(sent()).toEqual(['0 zero', `0 hello 100>0 next 0 ${text}`]);
  });

  it('has a session other than 0', () => {
    const { sent, run } = line({ newSessionId: () => 0 });
    run(0);
    expect(sent()[1]).toMatch(/^0 hello 1>0 /);
  });

  it('answers a hello that asks, and comes up with one that names it', () => {
    const { node, sent, run, write, got } = line();
    run(0);
    sent();
    write({ ...PEER, ready: false, peer: 0 });
    run(0);
    expect(sent()).toEqual(['0 hello 100>7 next 0 window 16 max 8192']);
    expect([node.up, got]).toEqual([false, ['peer ']]);
    write({ ...PEER, ready: true, peer: 0 });
    run(0);
    expect([sent(), node.up]).toEqual([[], false]);
    write({ ...PEER, ready: false });
    run(0);
    expect(sent()).toEqual(['0 hello ready 100>7 next 0 window 16 max 8192']);
    expect([node.up, got]).toEqual([true, ['peer ', 'up']]);
    write(PEER);
    run(5000);
    expect([sent(), got]).toEqual([[], ['peer ', 'up']]);
  });

  it('has as many messages in flight as both ends accept, and sends them again with a growing delay', () => {
    const wire = line({ window: 3 });
    wire.up();
    const { node, sent, run, write } = wire;
    for (let n = 0; n < 5; n++) node.send(log(n));
    run(3000);
    const window = (ms: number, first: number) => [0, 1, 2].map((n) => `${ms} data ${first + n} ack 0`);
    expect(sent()).toEqual([...window(0, 0), ...window(400, 0), ...window(1200, 0), ...window(2800, 0)]);
    expect(node.stats).toMatchObject({ sent: 3, resent: 9 });
    write({ kind: 'ack', ack: 2 });
    run(500);
    // The delay is the first one again.
    expect(sent()).toEqual([
      '3000 data 3 ack 0',
      '3000 data 4 ack 0',
      '3400 data 2 ack 0',
      '3400 data 3 ack 0',
      '3400 data 4 ack 0',
    ]);
    write({ kind: 'ack', ack: 9 });
    run(0);
    expect(node.queued).toBe(3);
    write({ kind: 'ack', ack: 5 });
    run(10_000);
    expect([node.queued, sent().filter((text) => text.includes('data'))]).toEqual([0, []]);
  });

  it('has as many messages in flight as the other end accepts', () => {
    const wire = line();
    wire.up({ window: 2 });
    for (let n = 0; n < 5; n++) wire.node.send(log(n));
    wire.run(0);
    expect(wire.sent()).toEqual(['0 data 0 ack 0', '0 data 1 ack 0']);
  });

  it('acknowledges messages once for each read, and with its own messages', () => {
    const wire = line();
    wire.up();
    wire.write(data(0), data(1));
    wire.run(0);
    expect([wire.sent(), wire.got]).toEqual([['0 ack 2'], ['message 0', 'message 1']]);
    wire.node.send(log(0));
    wire.run(0);
    expect(wire.sent()).toEqual(['0 data 0 ack 2']);
    wire.write(data(2, 1));
    wire.run(1000);
    expect([wire.sent(), wire.node.queued]).toEqual([['0 ack 3'], 0]);
  });

  it('requests missing messages once until one arrives, and acknowledges repeated ones', () => {
    const wire = line();
    wire.up();
    wire.write(data(1), data(2));
    wire.run(0);
    wire.write(data(3));
    wire.run(0);
    expect([wire.sent(), wire.got, wire.node.stats.gaps]).toEqual([['0 nak 0'], [], 1]);
    wire.write(data(0));
    wire.run(0);
    wire.write(data(2));
    wire.run(0);
    expect([wire.sent(), wire.node.stats.gaps]).toEqual([['0 ack 1', '0 nak 1'], 2]);
    wire.write(data(0), data(65_535));
    wire.run(0);
    expect([wire.sent(), wire.node.stats.duplicates, wire.got]).toEqual([['0 ack 1'], 2, ['message 0']]);
  });

  it('takes no more than a window from one read, and nothing while it is paused', () => {
    const wire = line({ window: 2 });
    wire.up();
    wire.write(data(0), data(1), data(2));
    wire.run(0);
    expect([wire.sent(), wire.got]).toEqual([['0 ack 2'], ['message 0', 'message 1']]);
    wire.node.resume();
    wire.node.pause();
    wire.write(data(2));
    wire.write(data(3));
    wire.run(0);
    expect([wire.sent(), wire.got.length]).toEqual([[], 2]);
    wire.node.resume();
    wire.node.resume();
    wire.run(0);
    expect(wire.sent()).toEqual(['0 nak 2']);
    wire.write(data(2));
    wire.run(0);
    expect(wire.got.at(-1)).toBe('message 2');
  });

  it('sends its window again for a request, and not for each of a flood', () => {
    const wire = line();
    wire.up();
    wire.node.send(log(0));
    wire.run(0);
    wire.sent();
    const nak: Packet = { kind: 'nak', ack: 0 };
    wire.write(nak, nak, nak);
    wire.run(0);
    expect(wire.sent()).toEqual(['0 data 0 ack 0']);
    const flood = LinkConstant.floodUs / 1000;
    wire.run(flood - 1);
    wire.write(nak);
    wire.run(0);
    expect(wire.sent()).toEqual([]);
    wire.run(1);
    wire.write(nak);
    wire.run(0);
    expect(wire.sent()).toEqual([`${flood} data 0 ack 0`]);
  });

  it('takes one new peer at a time from a flood of them', () => {
    const wire = line();
    wire.up();
    wire.run(LinkConstant.floodUs / 1000);
    wire.write({ ...PEER, session: 8 }, { ...PEER, session: 9 });
    wire.run(0);
    expect(wire.got).toEqual(['down restarted', 'peer ', 'up']);
    wire.run(LinkConstant.floodUs / 1000 - 1);
    wire.write({ ...PEER, session: 9 });
    wire.run(0);
    expect(wire.got.length).toBe(3);
    wire.run(1);
    wire.write({ ...PEER, session: 9 });
    wire.run(0);
    expect(wire.got.length).toBe(6);
  });

  it('begins with number 0 in both directions for a new peer, and hands back what was not acknowledged', () => {
    const wire = line();
    wire.up();
    wire.write(data(0));
    for (const n of [5, 6]) wire.node.send(log(n));
    wire.write({ kind: 'ack', ack: 1 });
    wire.run(1000);
    wire.write({ ...PEER, session: 8, ready: false });
    wire.got.length = 0;
    wire.sent();
    wire.run(0);
    expect(wire.got).toEqual(['down restarted', 'peer 6', 'up']);
    expect(wire.sent()).toEqual(['1000 hello ready 100>8 next 0 window 16 max 8192']);
    wire.node.send(log(7));
    wire.run(0);
    expect(wire.sent()).toEqual(['1000 data 0 ack 0']);
  });

  it('sends what was not acknowledged to a new peer itself, except what is too long for it', () => {
    const wire = line({ onPeer: undefined });
    wire.up();
    for (const text of ['', 'x'.repeat(99), '']) wire.node.send(log(1, text));
    wire.run(1000);
    wire.sent();
    wire.write({ ...PEER, session: 8, maxBytes: 40 });
    wire.run(0);
    expect(wire.sent()).toEqual(['1000 data 0 ack 0', '1000 data 1 ack 0']);
    expect([wire.node.queued, wire.node.peerMaxBytes]).toEqual([2, 40]);
  });

  it('takes a new session when the other end acknowledges what was never sent', () => {
    const wire = line();
    wire.up();
    wire.write({ ...PEER, ready: false, next: 3 });
    wire.run(0);
    expect(wire.got).toEqual(['down restarted', 'peer ']);
    expect(wire.sent()).toEqual(['0 zero', '0 hello 101>7 next 0 window 16 max 8192']);
    wire.write({ ...PEER, peer: 101, next: 3 });
    wire.run(0);
    expect([wire.node.up, wire.got.at(-1)]).toEqual([true, 'up']);
  });

  it('continues on a new stream with what the other end expects', () => {
    const wire = line();
    wire.up();
    wire.write(data(0));
    for (const n of [0, 1]) wire.node.send(log(n));
    wire.run(0);
    wire.cut();
    wire.run(0);
    expect(wire.got.at(-1)).toBe('down closed');
    wire.sent();
    wire.node.send(log(2));
    wire.run(5000);
    expect(wire.sent()).toEqual([]);
    wire.attach();
    wire.write({ ...PEER, next: 1 });
    wire.run(0);
    expect(wire.sent().slice(1)).toEqual([
      '5000 hello 100>7 next 1 window 16 max 8192',
      '5000 data 1 ack 1',
      '5000 data 2 ack 1',
    ]);
    expect(wire.node.stats).toMatchObject({ sent: 3, resent: 1 });
    wire.attach();
    expect(wire.got.at(-1)).toBe('down detached');
    wire.run(0);
    expect(wire.sent()).toContain('5000 closed');
  });

  it('sends something after each keep-alive time, and is down when three of them bring nothing', () => {
    const wire = line({ keepAliveMs: 1000 });
    wire.up();
    wire.run(1500);
    wire.bytes(Uint8Array.of(0));
    wire.run(3400);
    expect([wire.sent(), wire.got]).toEqual([[1000, 2000, 3000, 4000].map((ms) => `${ms} ack 0`), []]);
    wire.run(100);
    wire.run(100);
    expect([wire.sent(), wire.got]).toEqual([
      ['5000 zero', '5000 hello 100>7 next 0 window 16 max 8192'],
      ['down silent'],
    ]);
    wire.run(10_000);
    expect(wire.got).toEqual(['down silent']);
  });

  it('is down exactly three keep-alive times after the last byte', () => {
    const wire = line({ keepAliveMs: 1000 });
    wire.up();
    wire.run(2999);
    expect(wire.node.up).toBe(true);
    wire.run(1);
    expect([wire.node.up, wire.got]).toEqual([false, ['down silent']]);
  });

  it('sends again from the first message in flight on, whatever was sent later', () => {
    const wire = line();
    wire.up();
    wire.node.send(log(0));
    wire.run(300);
    wire.node.send(log(1));
    wire.run(150);
    expect(wire.sent()).toEqual(['0 data 0 ack 0', '300 data 1 ack 0', '400 data 0 ack 0', '400 data 1 ack 0']);
  });

  it('takes a number half of all numbers ahead for a repeated one, and one less for a missing one', () => {
    const wire = line();
    wire.up();
    wire.write(data(0x8000), data(0x7fff));
    wire.run(0);
    expect(wire.node.stats).toMatchObject({ duplicates: 1, gaps: 1 });
  });

  it('requests nothing when it resumes before it is up', () => {
    const wire = line();
    wire.node.pause();
    wire.node.resume();
    wire.run(0);
    expect(wire.sent()).toEqual(['0 zero', '0 hello 100>0 next 0 window 16 max 8192']);
  });

  it('sends no keep-alive beside other traffic', () => {
    const wire = line({ keepAliveMs: 1000 });
    wire.up();
    for (let n = 0; n < 10; n++) {
      wire.run(500);
      wire.write(data(n));
    }
    wire.run(0);
    const sent = wire.sent();
    expect([sent.length, sent.every((text) => /ack [1-9]/.test(text))]).toEqual([10, true]);
  });

  it('counts its queue in messages and bytes, and reports room once', () => {
    const cost = storedBytes(log(0), encodeMessage(log(0)).length);
    const wire = line({ queueBytes: 2 * cost });
    wire.up();
    expect([0, 1, 2].map((n) => wire.node.send(log(n)))).toEqual([true, true, false]);
    expect([wire.node.queuedBytes(), wire.node.queuedBytes((message) => (message as Log).tMs > 0)]).toEqual([
      2 * cost,
      cost,
    ]);
    wire.write({ kind: 'ack', ack: 1 });
    wire.run(0);
    wire.write({ kind: 'ack', ack: 2 });
    wire.run(0);
    expect(wire.got).toEqual(['drain']);
    expect(wire.node.send(log(0, 'x'.repeat(200)))).toBe(true);
    const small = line({ queueLimit: 0 });
    expect([small.node.room, small.node.send(log(0)), small.node.room, small.node.send(log(1))]).toEqual([
      1,
      true,
      0,
      false,
    ]);
    expect(line().node.room).toBe(64);
  });

  it('takes and sends nothing after it was detached or closed', () => {
    const wire = line();
    wire.up();
    wire.node.send(log(1));
    wire.node.detach();
    wire.run(60_000);
    expect([wire.sent(), wire.got, wire.node.queued]).toEqual([['0 closed'], ['down detached'], 1]);
    wire.node.close();
    expect(wire.node.queued).toBe(0);
    const error = expect.objectContaining({
      code: 'LINK_CLOSED',
      message: 'This link session is closed; make a new one.',
    });
    expect(() => wire.node.send(log(1))).toThrow(error);
    expect(() => wire.attach()).toThrow(error);
  });

  it('ignores traffic before it is up, and on a stream that it left', () => {
    const wire = line();
    wire.write(data(0), { kind: 'nak', ack: 0 });
    wire.run(0);
    expect(wire.got).toEqual([]);
    const later = line({ onMessage: () => later.node.detach() });
    later.up();
    later.write(data(0), data(1));
    later.run(0);
    expect([later.sent(), later.node.stats.received]).toEqual([['0 closed'], 1]);
  });

  it('names the lengths of a message that is too long for the other end', () => {
    const wire = line();
    wire.up({ maxBytes: 40 });
    const error = expect.objectContaining({
      code: 'LINK_TOO_LARGE',
      message: expect.stringMatching(/^A log message has \d+ bytes, but the other end accepts 40;/),
    });
    expect(() => wire.node.send(log(1, 'x'.repeat(40)))).toThrow(error);
    const fits = 40 - encodeMessage(log(1, 'x'.repeat(30))).length + 30;
    expect(wire.node.send(log(1, 'x'.repeat(fits)))).toBe(true);
  });
});
