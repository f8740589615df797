import { expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import { encodeFrame } from '../link/frame.ts';
import { transportPair } from '../link/index.ts';
import { encodePacket, type Packet } from '../link/packet.ts';
import { Node } from './index.ts';
import { app, ENGINES, TestShim } from './testing.ts';

/** wasm3, as on nodes, where it can be built. */
const engine = ENGINES.find(([, one]) => one !== null)![1]!;
it('sends a birth however much a module declares', () => {
  const clock = new VirtualClock();
  // As many metrics and commands as possible, with the longest names and units.
  const init = `(loop $each
     (i32.store8 (i32.const 0) (i32.add (i32.const 48) (global.get $k)))
     (drop (call $metric (i32.const 0) (i32.const 64) (i32.const 64) (i32.const 32) (i32.const 0)))
     (drop (call $subscribe (i32.const 0) (i32.const 64)))
     (global.set $k (i32.add (global.get $k) (i32.const 1)))
     (br_if $each (i32.lt_s (global.get $k) (i32.const 64)))) (i32.const 0)`;
  const more = `(global $k (mut i32) (i32.const 0)) (data (i32.const 0) "${'a'.repeat(128)}")`;
  const id = 'n'.repeat(64);
  const long = 'v'.repeat(64);
  const module = app({ init, more }, { name: long, version: long });
  const node = new Node({ id, engine, clock, module, link: {}, firmware: { name: long, version: long } });
  const shim = new TestShim(clock);
  const pair = transportPair(clock);
  node.start();
  node.attach(pair.a);
  shim.attach(pair.b);
  expect(() => clock.runUntil(2e6)).not.toThrow();
  expect(shim.get('birth').at(-1)!.metrics.length).toBeGreaterThan(50);
});

it('survives a peer that accepts only messages of one byte', () => {
  const clock = new VirtualClock();
  const node = new Node({ id: 'n1', engine, clock, module: app({}), link: { newSessionId: () => 7 } });
  const { a, b } = transportPair(clock);
  node.start();
  node.attach(a);
  const send = (packet: Packet) => b.write(encodeFrame(encodePacket(packet)));
  send({ kind: 'hello', ready: true, session: 9, peer: 7, next: 0, window: 1, maxBytes: 1 });
  expect(() => clock.runUntil(2e6)).not.toThrow();
  expect(node.status().link!.up).toBe(true);
});
