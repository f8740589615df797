/** A broker that is away, and a clock that jumps, while messages wait in a durable log. */
import { describe, expect, it } from 'vitest';
import { type Clock, VirtualClock } from '../../base/index.ts';
import { FaultFolder } from '../queue/fault-folder.ts';
import { DurableLog } from '../queue/index.ts';
import { bytes, settle, setup } from './testing.ts';

/** A client whose messages wait in a log that `folder` holds. */
function world(folder = new FaultFolder()) {
  let shiftMs = 0;
  const clock = new VirtualClock(1_790_000_000_000);
  /** What a person, or a time server, can set. */
  const time: Clock = {
    nowUs: () => clock.nowUs(),
    utcMs: () => clock.utcMs() + shiftMs,
    at: (us, work) => clock.at(us, work),
    after: (ms, work) => clock.after(ms, work),
  };
  const log = new DurableLog({ dir: 'memory', folder });
  const backoff = { baseMs: 1000, capMs: 60_000 };
  const all = setup({ outbox: log.stream('n'), clock: time, keepAliveSeconds: 0, backoff });
  const { client, wires } = all;
  const event = (text: string) => void client.enqueue('e', bytes(text));
  const telemetry = (text: string, expirySeconds = 1800) =>
    void client.enqueue('t', bytes(text), { droppable: true, properties: { expirySeconds } });
  /** Accepts the next connection and acknowledges all that comes. */
  const deliver = async () => {
    if (client.state === 'waiting') for (const before = wires.length; wires.length === before; ) clock.advance(100);
    const wire = wires.at(-1)!;
    wire.accept();
    for (let n = 0; n < wire.publishes().length; n++) {
      wire.send({ cmd: 'puback', messageId: wire.publishes()[n]!.messageId!, reasonCode: 0 });
      await settle();
    }
    return wire.publishes();
  };
  const setClock = (ms: number) => {
    shiftMs += ms;
  };
  return { ...all, clock, log, event, telemetry, deliver, setClock };
}

describe('messages in a durable log', () => {
  it('are all delivered, in order, when the broker was away for an hour; telemetry that is too old is not', async () => {
    const { client, clock, wires, log, event, telemetry, deliver, lost } = world();
    void client.connect();
    for (let minute = 0; minute < 60; minute++) {
      wires.at(-1)!.emit('error', new Error('ECONNREFUSED'));
      event(`e${minute}`);
      telemetry(`t${minute}`);
      await log.settled();
      clock.advance(60_000);
    }
    const texts = (await deliver()).map(({ payload }) => `${payload}`);
    expect(texts.filter((text) => text.startsWith('e'))).toEqual(Array.from({ length: 60 }, (_, i) => `e${i}`));
    const fresh = texts.filter((text) => text.startsWith('t'));
    expect(fresh).toEqual(Array.from({ length: fresh.length }, (_, i) => `t${60 - fresh.length + i}`));
    expect(fresh.length).toBeGreaterThan(25);
    expect(fresh.length + lost.length).toBe(60);
    expect(log.stats.waiting).toBe(0);
  });

  it('are all delivered when the clock is set back a day, and live no longer than their sender gave them', async () => {
    const { client, log, event, telemetry, deliver, setClock } = world();
    void client.connect();
    event('e0');
    telemetry('t0');
    await log.settled();
    setClock(-86_400_000);
    event('e1');
    telemetry('t1');
    await log.settled();
    const sent = await deliver();
    expect(sent.map(({ payload }) => `${payload}`)).toEqual(['e0', 't0', 'e1', 't1']);
    for (const { properties } of sent) expect(properties?.messageExpiryInterval ?? 0).toBeLessThanOrEqual(1800);
  });
});
