import type { Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';
import { bytes, Inbox, settle, setup } from './testing.ts';

describe('MQTT client', () => {
  it('announces its limits, its session and its will', () => {
    const { client, wires } = setup({
      username: 'u',
      password: 'p',
      cleanStart: false,
      sessionExpirySeconds: 77,
      receiveMaximum: 5,
      maximumPacketBytes: 9000,
      topicAliasMaximum: 3,
      keepAliveSeconds: 11,
      will: {
        topic: 'w',
        payload: bytes('x'),
        qos: 1,
        retain: true,
        properties: { contentType: 'a/b' },
        delaySeconds: 4,
      },
    });
    void client.connect();
    expect(wires[0]!.packets[0]).toMatchObject({
      cmd: 'connect',
      protocolVersion: 5,
      clientId: 'c1',
      clean: false,
      keepalive: 11,
      username: 'u',
      password: Buffer.from('p'),
      properties: { sessionExpiryInterval: 77, receiveMaximum: 5, maximumPacketSize: 9000, topicAliasMaximum: 3 },
      will: { topic: 'w', qos: 1, retain: true, properties: { willDelayInterval: 4, contentType: 'a/b' } },
    });
  });

  it('begins each connection without a session if it is to', () => {
    const { client, wires, clock } = setup({ cleanStart: 'always' });
    void client.connect();
    wires[0]!.accept();
    wires[0]!.destroy();
    wires[0]!.emit('close');
    clock.advance(1000);
    expect(wires.map(({ packets }) => packets[0])).toMatchObject([{ clean: true }, { clean: true }]);
  });

  it('sends no more than the receive maximum, and the next after each PUBACK', () => {
    const { client, wires } = setup();
    void client.connect();
    wires[0]!.accept({ receiveMaximum: 2 });
    for (let i = 0; i < 5; i++) client.enqueue('t', bytes(`${i}`));
    expect(wires[0]!.publishes().map((p) => p.messageId)).toEqual([1, 2]);
    wires[0]!.send({ cmd: 'puback', messageId: 2, reasonCode: 0 });
    expect(wires[0]!.publishes().map((p) => `${p.payload}`)).toEqual(['0', '1', '2']);
    expect(client.stats).toMatchObject({ waiting: 4, inflight: 2 });
  });

  it('sends again with DUP and the same ids when the broker kept the session, else anew, in order both times', () => {
    for (const kept of [true, false]) {
      const { client, wires, clock } = setup({ sessionExpirySeconds: 60, topicAliasMaximum: 4 });
      void client.connect();
      wires[0]!.accept({ receiveMaximum: 2, topicAliasMaximum: 9 });
      for (let i = 0; i < 4; i++) client.enqueue('t', bytes(`${i}`));
      wires[0]!.send({ cmd: 'puback', messageId: 1, reasonCode: 0 });
      wires[0]!.destroy();
      wires[0]!.emit('close');
      clock.advance(1000);
      expect(wires[1]!.packets[0]).toMatchObject({ cmd: 'connect', clean: false });
      wires[1]!.accept({ receiveMaximum: 10, topicAliasMaximum: 9 }, kept);
      const sent = wires[1]!.publishes();
      expect(sent.map((p) => `${p.payload}`)).toEqual(['1', '2', '3']);
      expect(sent.map((p) => p.dup)).toEqual(kept ? [true, true, false] : [false, false, false]);
      if (kept) expect(sent.slice(0, 2).map((p) => p.messageId)).toEqual([2, 3]);
      // The alias belongs to the connection, so it is announced again first.
      expect(sent.map((p) => p.topic)).toEqual(['t', '', '']);
      expect(sent.map((p) => p.properties?.topicAlias)).toEqual([1, 1, 1]);
    }
  });

  it('subscribes again when the broker lost the session, and not when it has it', () => {
    for (const kept of [true, false]) {
      const { client, wires, clock } = setup({ sessionExpirySeconds: 60 });
      void client.connect();
      void client.subscribe({ filter: 'a/#', qos: 1 }, () => {});
      wires[0]!.accept();
      wires[0]!.send({ cmd: 'suback', messageId: 1, granted: [1] });
      wires[0]!.emit('close');
      clock.advance(1000);
      wires[1]!.accept({}, kept);
      expect(wires[1]!.of('subscribe').length).toBe(kept ? 0 : 1);
    }
  });

  it('detects a dead broker within one keep-alive time and reconnects', () => {
    const { client, wires, clock, errors } = setup({ keepAliveSeconds: 10 });
    void client.connect();
    wires[0]!.accept();
    clock.advance(5000);
    expect(wires[0]!.of('pingreq').length).toBe(1);
    wires[0]!.send({ cmd: 'pingresp' });
    clock.advance(5000);
    expect(wires[0]!.of('pingreq').length).toBe(2);
    clock.advance(5000);
    expect(errors).toEqual(['MQTT_DEAD']);
    clock.advance(1000);
    expect(wires.length).toBe(2);
  });

  it('uses the keep-alive time of the server', () => {
    const { client, wires, clock } = setup({ keepAliveSeconds: 600 });
    void client.connect();
    wires[0]!.accept({ serverKeepAlive: 4 });
    clock.advance(4000);
    expect(wires[0]!.of('pingreq').length).toBe(1);
  });

  it('waits longer after each failure, restarts the backoff after a stable connection, and waits longest after a lasting refusal', () => {
    const { client, wires, clock, waits, errors } = setup({ backoff: { baseMs: 100, capMs: 10_000 } });
    void client.connect();
    for (let i = 0; i < 3; i++) {
      wires.at(-1)!.emit('error', new Error('ECONNREFUSED'));
      clock.advance(waits.at(-1)!);
    }
    wires.at(-1)!.accept();
    clock.advance(6000);
    wires.at(-1)!.emit('close');
    clock.advance(waits.at(-1)!);
    wires.at(-1)!.send({ cmd: 'connack', reasonCode: 0x87, sessionPresent: false });
    expect(waits).toEqual([75, 150, 300, 75, 7500]);
    expect(errors).toEqual(['MQTT_NETWORK', 'MQTT_NETWORK', 'MQTT_NETWORK', 'MQTT_CLOSED', 'MQTT_NOT_AUTHORIZED']);
    for (let n = 0; n < 40; n++) {
      for (const r of [0, 0.999]) {
        const wait = backoffMs(n, { baseMs: 100, capMs: 10_000 }, () => r);
        expect(wait).toBeGreaterThanOrEqual(50);
        expect(wait).toBeLessThanOrEqual(10_000);
      }
    }
  });

  it('rejects a first attempt that may not be repeated, with a sentence', async () => {
    const { client, wires } = setup();
    const attempt = client.connect({ retry: false });
    wires[0]!.send({
      cmd: 'connack',
      reasonCode: 0x86,
      sessionPresent: false,
      properties: { reasonString: 'no\nway' },
    });
    await expect(attempt).rejects.toThrow(/User name or password is wrong.*0x86, "no way"/);
    expect(client.state).toBe('closed');
    expect(() => client.enqueue('t', bytes('x'))).toThrow(/closed/);
  });

  it('ends a connection on which no CONNACK arrives', () => {
    const { client, wires, clock, errors } = setup({ connectTimeoutMs: 3000 });
    void client.connect();
    clock.advance(3000);
    expect(errors).toEqual(['MQTT_TIMEOUT']);
    expect(wires[0]!.destroyed).toBe(true);
  });

  it.each([
    [0x87, 'MQTT_NOT_AUTHORIZED'],
    [0x97, 'MQTT_QUOTA'],
    [0x99, 'MQTT_PAYLOAD'],
  ])('gives up a message that the broker refuses with 0x%s', async (reasonCode, code) => {
    const { client, wires, lost } = setup();
    void client.connect();
    wires[0]!.accept();
    const published = client.publish('t', bytes('x'), { qos: 1 });
    wires[0]!.send({ cmd: 'puback', messageId: 1, reasonCode });
    await expect(published).rejects.toMatchObject({ code });
    expect(lost).toEqual([`t ${code}`]);
    expect(client.stats).toMatchObject({ waiting: 0, lost: 1 });
  });

  it('never sends a message that is larger than the broker accepts or that has expired, nor QoS 1 to a broker without it', async () => {
    const { client, wires, clock, lost } = setup();
    client.enqueue('old', bytes('x'), { properties: { expirySeconds: 5 } });
    client.enqueue('left', bytes('x'), { properties: { expirySeconds: 60 } });
    client.enqueue('big', new Uint8Array(500));
    void client.connect();
    clock.advance(6500);
    wires[0]!.accept({ maximumPacketSize: 300, retainAvailable: false });
    client.enqueue('kept', bytes('x'), { retain: true });
    expect(lost).toEqual(['old MQTT_EXPIRED', 'big MQTT_TOO_LARGE', 'kept MQTT_RETAIN']);
    expect(wires[0]!.publishes()).toMatchObject([{ topic: 'left', properties: { messageExpiryInterval: 54 } }]);
    await expect(client.publish('big', new Uint8Array(500))).rejects.toMatchObject({ code: 'MQTT_TOO_LARGE' });
  });

  it.each([
    ['expires while the broker is away', bytes('x'), {}],
    ['is too large for the broker', new Uint8Array(500), { maximumPacketSize: 300 }],
  ])('is flushed when the last message that waits %s', async (_, payload, limits) => {
    const { client, wires, clock, lost } = setup();
    void client.connect();
    client.enqueue('t', payload, { properties: { expirySeconds: 1 } });
    let flushed = false;
    void client.flushed().then(() => {
      flushed = true;
    });
    await settle();
    expect([flushed, client.stats.waiting]).toEqual([false, 1]);
    if (payload.length === 1) clock.advance(1500);
    wires[0]!.accept(limits);
    await settle();
    expect([lost.length, client.stats.waiting]).toEqual([1, 0]);
    expect(flushed).toBe(true);
  });

  it('drops QoS 0 while the broker is away, and counts it', async () => {
    const { client, wires } = setup();
    void client.connect();
    await expect(client.publish('t', bytes('x'))).rejects.toMatchObject({ code: 'MQTT_OFFLINE' });
    wires[0]!.accept();
    await client.publish('t', bytes('y'));
    expect(wires[0]!.publishes().map((p) => `${p.payload}`)).toEqual(['y']);
    expect(client.stats.unsent).toBe(1);
  });

  it('acknowledges when the handler is done, and reads no further than its receive maximum until then', async () => {
    const { client, wires } = setup({ receiveMaximum: 2 });
    void client.connect();
    const inbox = new Inbox();
    const finish: (() => void)[] = [];
    void client.subscribe({ filter: 't', qos: 1 }, (message) => {
      inbox.push(message);
      return new Promise((resolve) => finish.push(resolve));
    });
    wires[0]!.accept();
    for (const messageId of [7, 8, 9]) {
      wires[0]!.send({
        cmd: 'publish',
        topic: 't',
        payload: `${messageId}`,
        qos: 1,
        dup: false,
        retain: false,
        messageId,
      });
    }
    expect(inbox.texts).toEqual(['7', '8']);
    expect(wires[0]!.isPaused()).toBe(true);
    finish[1]!();
    await settle();
    expect(wires[0]!.of('puback').map((p) => p.messageId)).toEqual([8]);
    expect(inbox.texts).toEqual(['7', '8', '9']);
    expect(wires[0]!.isPaused()).toBe(false);
  });

  it('survives a handler that throws or rejects', async () => {
    const faults: unknown[] = [];
    const { client, wires } = setup({ onFault: (error) => faults.push(error) });
    void client.connect();
    void client.subscribe({ filter: 'a', qos: 1 }, () => {
      throw new Error('a');
    });
    void client.subscribe({ filter: '+', qos: 1 }, () => Promise.reject(new Error('+')));
    wires[0]!.accept();
    wires[0]!.send({ cmd: 'publish', topic: 'a', payload: '', qos: 1, dup: false, retain: false, messageId: 3 });
    await settle();
    expect(faults.map(String)).toEqual(['Error: a', 'Error: +']);
    expect(wires[0]!.of('puback').length).toBe(1);
  });

  const publish = (topic: string, alias?: number, qos: 0 | 2 = 0): Packet => ({
    cmd: 'publish',
    topic,
    payload: 'x',
    qos,
    dup: false,
    retain: false,
    ...(qos > 0 && { messageId: 1 }),
    ...(alias !== undefined && { properties: { topicAlias: alias } }),
  });
  it.each<[string, Packet | Uint8Array, number]>([
    ['a reserved packet type', Uint8Array.of(0x00, 0), 0x81],
    ['a length of five bytes', Uint8Array.of(0x30, 255, 255, 255, 255, 1), 0x81],
    ['a packet above our maximum', Uint8Array.of(0x30, 255, 255, 255, 127), 0x95],
    ['a property list longer than its packet', Uint8Array.of(0x30, 6, 0, 1, 97, 50, 3, 0), 0x81],
    ['an alias out of range', publish('a', 17), 0x94],
    ['an alias that was never set', publish('', 2), 0x94],
    ['no topic and no alias', publish(''), 0x82],
    ['QoS 2', publish('a', undefined, 2), 0x81],
    ['a topic with a wildcard', publish('a/+'), 0x81],
    ['CONNACK twice', { cmd: 'connack', reasonCode: 0, sessionPresent: false }, 0x82],
    ['a packet that only clients send', { cmd: 'pingreq' }, 0x82],
  ])('refuses %s with a reason and connects anew', (_name, packet, reasonCode) => {
    const { client, wires, clock } = setup();
    void client.connect();
    wires[0]!.accept();
    if (packet instanceof Uint8Array) wires[0]!.raw(packet);
    else wires[0]!.send(packet);
    expect(wires[0]!.of('disconnect')).toMatchObject([{ reasonCode }]);
    clock.advance(10_000);
    wires[1]!.accept();
    expect(client.state).toBe('online');
  });

  it('resolves inbound aliases', () => {
    const { client, wires } = setup();
    const inbox = new Inbox();
    void client.connect();
    void client.subscribe({ filter: '#', qos: 1 }, inbox.push);
    wires[0]!.accept();
    wires[0]!.send(publish('a', 1));
    wires[0]!.send(publish('', 1));
    wires[0]!.send(publish('b', 1));
    wires[0]!.send(publish('', 1));
    expect(inbox.messages.map((m) => m.topic)).toEqual(['a', 'a', 'b', 'b']);
  });

  it('sends DISCONNECT at its end and leaves no timer', async () => {
    const { client, wires, clock } = setup();
    void client.connect();
    wires[0]!.accept();
    client.close({ sessionExpirySeconds: 9 });
    expect(wires[0]!.of('disconnect')).toMatchObject([{ reasonCode: 0, properties: { sessionExpiryInterval: 9 } }]);
    expect(wires[0]!.writableEnded).toBe(true);
    wires[0]!.destroy();
    await settle();
    expect(clock.waiting).toBe(0);
  });
});
