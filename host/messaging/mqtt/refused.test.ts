/** Messages that a broker refuses, of a client that gives up none of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MoteError } from '../../base/index.ts';
import { sampled } from '../../base/test-form.ts';
import type { ClientOptions } from './options.ts';
import { bytes, settle, setup } from './testing.ts';

function world(options: Partial<ClientOptions> = {}) {
  const taken: string[] = [];
  const delays: [string, number][] = [];
  const all = setup({
    sessionExpirySeconds: 60,
    backoff: { baseMs: 1000, capMs: 60_000 },
    onRefused: async (message, error) => void taken.push(`${Buffer.from(message.payload)} ${error.code}`),
    onDelayed: (error, retryMs) => delays.push([error.code, retryMs]),
    ...options,
  });
  void all.client.connect();
  const wire = () => all.wires.at(-1)!;
  const sent = () => wire().publishes();
  const texts = () => sent().map(({ payload }) => `${payload}`);
  /** Answers the message that was sent last. */
  const answer = (reasonCode: number, nth = -1) =>
    wire().send({ cmd: 'puback', messageId: sent().at(nth)!.messageId!, reasonCode });
  return { ...all, taken, delays, wire, sent, texts, answer };
}

describe('a message that a broker refuses', () => {
  it('for now, is sent again after a growing wait, before those behind it, until the broker takes it', () => {
    const { client, clock, wire, texts, answer, delays, taken, lost } = world({ keepAliveSeconds: 0 });
    wire().accept({ receiveMaximum: 1 });
    for (const text of ['a', 'b']) client.enqueue('t', bytes(text));
    for (let i = 0; i < 30; i++) {
      answer(0x97);
      clock.advance(60_000);
    }
    answer(0);
    answer(0);
    expect(texts()).toEqual([...Array.from({ length: 31 }, () => 'a'), 'b']);
    expect(delays.slice(0, 8).map(([, ms]) => ms)).toEqual([750, 1500, 3000, 6000, 12_000, 24_000, 45_000, 45_000]);
    expect(client.stats).toMatchObject({ waiting: 0, lost: 0 });
    expect([taken, lost]).toEqual([[], []]);
  });

  it('for an unknown reason, is tried ten times and then handed over, and the next ones follow', async () => {
    const { client, clock, wire, texts, answer, taken } = world({ keepAliveSeconds: 0 });
    wire().accept({ receiveMaximum: 1 });
    for (const text of ['a', 'b']) client.enqueue('t', bytes(text));
    for (let i = 0; i < 10; i++) {
      answer(0x80);
      clock.advance(60_000);
    }
    await settle();
    expect(taken).toEqual(['a MQTT_REFUSED']);
    expect(texts()).toEqual([...Array.from({ length: 10 }, () => 'a'), 'b']);
    expect(client.stats).toMatchObject({ waiting: 1, lost: 1 });
  });

  it.each([
    [0x87, 'MQTT_NOT_AUTHORIZED'],
    [0x90, 'MQTT_TOPIC'],
    [0x99, 'MQTT_PAYLOAD'],
  ])('for good (%s), leaves the outbox when somebody else has it, and not before', async (reasonCode, code) => {
    let done = () => {};
    const { client, wire, answer } = world({
      onRefused: () =>
        new Promise((resolve) => {
          done = resolve;
        }),
    });
    wire().accept();
    const published = client.publish('t', bytes('a'), { qos: 1 });
    answer(reasonCode);
    await settle();
    expect(client.stats).toMatchObject({ waiting: 1, lost: 0 });
    done();
    await expect(published).rejects.toMatchObject({ code });
    expect(client.stats).toMatchObject({ waiting: 0, lost: 1 });
  });

  it('stays and is sent again while nobody can take it', async () => {
    const full = new MoteError('QUEUE_FULL', 'It is full.');
    const { client, clock, wire, texts, answer, delays, lost } = world({ onRefused: () => Promise.reject(full) });
    wire().accept();
    client.enqueue('t', bytes('a'));
    for (let i = 0; i < 3; i++) {
      answer(0x87);
      await settle();
      clock.advance(3000);
    }
    answer(0);
    expect(texts()).toEqual(['a', 'a', 'a', 'a']);
    expect(delays.map(([code]) => code)).toEqual(['QUEUE_FULL', 'QUEUE_FULL', 'QUEUE_FULL']);
    expect([client.stats.waiting, lost]).toEqual([0, []]);
  });

  it('is handed over if it is too large for this broker; telemetry is only counted', async () => {
    const { client, wire, taken, lost } = world();
    wire().accept({ maximumPacketSize: 300 });
    client.enqueue('t', new Uint8Array(500).fill(65));
    client.enqueue('t', new Uint8Array(500), { droppable: true });
    await settle();
    expect(taken).toEqual([`${'A'.repeat(500)} MQTT_TOO_LARGE`]);
    expect(lost).toEqual(['t MQTT_TOO_LARGE', 't MQTT_TOO_LARGE']);
  });

  it('is asked for no faster than refused ones are taken', () => {
    const { client, wire, answer, sent } = world({ onRefused: () => new Promise(() => {}), inflightMaximum: 4 });
    wire().accept();
    for (let i = 0; i < 100; i++) client.enqueue('t', bytes(`${i}`));
    for (let i = 0; i < 4; i++) answer(0x87, i);
    expect(sent()).toHaveLength(4);
  });
});

describe('a message because of which the broker ends connections', () => {
  /** A broker that ends the connection at a message `bad`, until all that was sent is acknowledged. */
  function poisoned(end: (wire: ReturnType<typeof world>['wires'][0]) => void) {
    const all = world({ backoff: { baseMs: 10, capMs: 20 }, keepAliveSeconds: 0 });
    const { wires, clock, client } = all;
    for (const text of ['1', '2', 'bad', '3', '4']) client.enqueue('t', bytes(text));
    const accepted: string[] = [];
    const run = async (limit: number) => {
      for (let n = 0; n < limit && client.stats.waiting > 0; n++) {
        const wire = wires.at(-1)!;
        wire.accept({}, n > 0);
        for (let i = 0; i < wire.publishes().length; i++) {
          const { payload, messageId } = wire.publishes()[i]!;
          if (`${payload}` === 'bad') {
            end(wire);
            break;
          }
          accepted.push(`${payload}`);
          wire.send({ cmd: 'puback', messageId: messageId!, reasonCode: 0 });
        }
        await settle();
        clock.advance(1000);
      }
    };
    return { ...all, run, accepted };
  }

  it.each([
    [
      'with a reason',
      'MQTT_TOO_LARGE',
      (wire: { send(packet: { cmd: 'disconnect'; reasonCode: number }): void }) =>
        wire.send({ cmd: 'disconnect', reasonCode: 0x95 }),
    ],
    ['without one', 'MQTT_CLOSED', (wire: { emit(event: 'close'): boolean }) => void wire.emit('close')],
  ])('%s is found and handed over; the others arrive, in order', async (_, code, end) => {
    const { run, accepted, taken, client } = poisoned(end as (wire: unknown) => void);
    await run(40);
    expect(taken).toEqual([`bad ${code}`]);
    expect(accepted).toEqual(['1', '2', '3', '4']);
    expect(client.stats).toMatchObject({ waiting: 0, lost: 1 });
  });

  it('is none while the broker goes down, the network breaks for a short time, or this client ends the connection', async () => {
    const { wires, clock, client, taken } = world({ backoff: { baseMs: 10, capMs: 20 }, keepAliveSeconds: 0 });
    client.enqueue('t', bytes('a'));
    const ends = [
      ...Array.from({ length: 20 }, () => () => wires.at(-1)!.send({ cmd: 'disconnect', reasonCode: 0x8b })),
      ...Array.from({ length: 20 }, () => () => client.drop()),
      ...Array.from({ length: 20 }, () => () => wires.at(-1)!.raw(Uint8Array.of(0, 0))),
      ...Array.from({ length: 5 }, () => () => wires.at(-1)!.emit('error', new Error('ECONNRESET'))),
    ];
    for (const end of ends) {
      wires.at(-1)!.accept({}, true);
      end();
      await settle();
      clock.advance(100);
    }
    expect(taken).toEqual([]);
    expect(client.stats.waiting).toBe(1);
  });
});

it('accepts, hands over or keeps each message, in order, whatever the broker answers', async () => {
  const answers = fc.constantFrom(0, 0, 0, 0x80, 0x83, 0x87, 0x91, 0x97, 0x99, 'end', 'gone');
  await fc.assert(
    fc.asyncProperty(
      fc.array(answers, { maxLength: 60 }),
      fc.integer({ min: 1, max: 5 }),
      async (script, receiveMaximum) => {
        const { client, clock, wires, wire, taken } = world({ keepAliveSeconds: 0 });
        const accepted: string[] = [];
        const expected = Array.from({ length: 12 }, (_, i) => `${i}`);
        for (const text of expected) client.enqueue('t', bytes(text));
        wire().accept({ receiveMaximum });
        const answered = new WeakMap<object, number>();
        for (const step of [...script, ...Array.from({ length: 40 }, () => 0)]) {
          const now = wire();
          const nth = answered.get(now) ?? 0;
          const packet = now.publishes()[nth];
          if (step === 'end' || step === 'gone') {
            if (step === 'end') now.send({ cmd: 'disconnect', reasonCode: 0x81 });
            else client.drop();
            await settle();
            clock.advance(100_000);
            if (wires.at(-1) !== now) wire().accept({ receiveMaximum }, true);
          } else if (packet !== undefined) {
            answered.set(now, nth + 1);
            if (step === 0) accepted.push(`${packet.payload}`);
            now.send({ cmd: 'puback', messageId: packet.messageId!, reasonCode: step as number });
          }
          await settle();
          clock.advance(100_000);
        }
        const over = taken.map((text) => text.split(' ')[0]!);
        expect([...new Set([...accepted, ...over])].sort()).toEqual([...expected].sort());
        expect(client.stats.waiting).toBe(0);
        const order = [...new Set(accepted)].map(Number);
        if (receiveMaximum === 1) expect(order).toEqual([...order].sort((a, b) => a - b));
        client.close();
        for (const each of wires) each.destroy();
        await settle();
        expect(clock.waiting).toBe(0);
      },
    ),
    { numRuns: sampled(300) },
  );
});
