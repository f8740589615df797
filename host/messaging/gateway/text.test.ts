/** Names for which a broker closes the connection: none reaches it, and what waits in a queue is repaired. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CborWriter } from '../../base/cbor/index.ts';
import { backgroundClock } from '../../base/index.ts';
import { encodeFrame, FrameDecoder } from '../../device/link/frame.ts';
import { type Event, encodeMessage, transportPair } from '../../device/link/index.ts';
import { encodePacket, type Packet, parsePacket } from '../../device/link/packet.ts';
import type { Broker } from '../broker/broker.ts';
import { brokerKinds } from '../broker/testing.ts';
import type { MqttClient } from '../mqtt/client.ts';
import { bytes, connected, Inbox } from '../mqtt/testing.ts';
import { DurableLog } from '../queue/index.ts';
import { cloudEventProperties, encodeEvent } from '../topics/index.ts';
import { FakeNode } from './fake-node.ts';
import { sendCommand } from './request.ts';
import { Shim } from './shim.ts';

const POISON = ['a\u0000', 'a\u0085', '\u009f', 'a\ufffe', '\uffff', '\ufdd0b', '\u{1fffe}'];
const SUBJECTS = ['a\ufffd', 'a\ufffd', '\ufffd', 'a\ufffd', '\ufffd', '\ufffdb', '\ufffd'];

/** A node that sends these messages, without the checks of this version. */
function rawNode(shim: Shim, messages: Uint8Array[]): void {
  const wire = transportPair(backgroundClock);
  const send = (packet: Packet) => wire.a.write(encodeFrame(encodePacket(packet)));
  const decoder = new FrameDecoder();
  let up = false;
  wire.a.onData((data) =>
    decoder.push(data, (content) => {
      const packet = parsePacket(content);
      if (packet?.kind !== 'hello' || up) return;
      up = true;
      send({ kind: 'hello', ready: true, session: 7, peer: packet.session, next: 0, window: 16, maxBytes: 8192 });
      for (const [seq, body] of messages.entries()) send({ kind: 'data', seq, ack: 0, body });
    }),
  );
  shim.accept(wire.b);
}

it('rejects a command with such a name before it is sent', async () => {
  const command = { brokerUrl: 'mqtt://127.0.0.1:1', node: 'a', name: 'a\u0085' };
  await expect(sendCommand(command)).rejects.toMatchObject({ code: 'COMMAND' });
});

for (const kind of brokerKinds) {
  describe.skipIf(!kind.available)(`a gateway on ${kind.name}`, () => {
    let dir: string;
    let broker: Broker;
    let client: MqttClient;
    let inbox: Inbox;
    let problems: string[];
    let shim: Shim | undefined;

    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'moteware-text-'));
      problems = [];
      broker = await kind.start();
      client = await connected(broker.url);
      inbox = new Inbox();
      await client.subscribe({ filter: 'mote/#', qos: 1 }, inbox.push);
    });
    afterEach(async () => {
      shim?.abort();
      client.close();
      await broker.close();
      rmSync(dir, { recursive: true, force: true });
    });

    const start = () => {
      shim = new Shim({
        brokerUrl: broker.url,
        queueDir: join(dir, 'queue'),
        queueSync: 'os',
        deadLetterDir: join(dir, 'dead-letters'),
        graceSeconds: 0,
        backoff: { baseMs: 5, capMs: 40 },
        onProblem: (error) => {
          problems.push(error.code);
          inbox.check();
        },
      });
      return shim;
    };
    const eventOf = (name: string, seq: number): Event => ({ type: 'event', name, tMs: 1, seq, body: bytes('\u0001') });
    const on = (channel: string) => inbox.messages.filter(({ topic }) => topic === `mote/d/a/${channel}`);

    it('repairs names in a queue that an earlier version left, and keeps its connection', async () => {
      const log = new DurableLog({ dir: join(dir, 'queue'), sync: 'os' });
      const put = (name: string, seq: number, topic = 'mote/d/a/e') => {
        const { contentType, userProperties } = cloudEventProperties(
          { id: `1-e-${seq}`, source: '/mote/d/a', type: 'moteware.event.v1' },
          'application/cbor',
        );
        const properties = { contentType: contentType!, userProperties: { ...userProperties, subject: name } };
        const payload = encodeEvent(eventOf(name, seq));
        log.stream('a').put({ topic, payload, qos: 1, retain: false, properties }, { droppable: false, nowMs: 0 });
      };
      for (const [seq, name] of POISON.entries()) put(name, seq);
      put('good', 90, 'mote/answer\u0085');
      put('good', 91);
      await log.close();
      const running = start();
      await inbox.until(() => on('e').length === POISON.length + 1);
      const subjects = on('e').map(({ properties }) => properties.userProperties?.subject);
      expect(subjects).toEqual([...SUBJECTS, 'good']);
      await inbox.until(() => problems.length > 0);
      expect(running.nodes()[0]!.mqtt).toMatchObject({ connects: 1, lost: 1 });
      expect(problems).toEqual(['MQTT_TOPIC']);
    });

    it('drops what a node sends with such names, and receives what follows', async () => {
      const running = start();
      const names = [...POISON, 'good'];
      const events = names.map((name, seq) =>
        new CborWriter().array(5).int(3).text(name).int(1).int(seq).bytes(Uint8Array.of(0)),
      );
      rawNode(running, [encodeMessage(new FakeNode('a').birth), ...events.map((event) => event.finish())]);
      await inbox.until(() => on('e').length > 0);
      expect(on('e').map(({ properties }) => properties.userProperties?.subject)).toEqual(['good']);
      expect(running.nodes()[0]!.mqtt.connects).toBe(1);
    });

    it('composes the letters of names in properties', async () => {
      const node = new FakeNode('a');
      node.plug(start());
      node.send(eventOf('u\u0308ber', 1));
      await inbox.until(() => on('e').length === 1);
      expect(on('e')[0]!.properties.userProperties?.subject).toBe('\u00fcber');
    });

    it('rejects commands and settings with such names', async () => {
      const node = new FakeNode('a');
      const heard: string[] = [];
      node.onMessage = (message) => {
        if (message.type === 'command') heard.push(message.name);
        if (message.type === 'command') node.send({ type: 'result', id: message.id, ok: true });
      };
      const running = start();
      node.plug(running);
      await inbox.until(() => on('s').length > 0);
      const send = (channel: string, value: unknown) =>
        client.publish(`mote/d/a/${channel}`, bytes(JSON.stringify(value)), { qos: 1 });
      for (const name of POISON) await send('cmd', { name });
      for (const name of POISON) await send('cfg', { [name]: 1 });
      await send('cmd', { name: 'blink' });
      await inbox.until(() => on('log').length === 2 * POISON.length && on('e').length === 1);
      expect(running.stats.deadLetters).toBe(2 * POISON.length);
      expect(readdirSync(join(dir, 'dead-letters'))).toHaveLength(2 * POISON.length);
      expect(heard).toEqual(['blink']);
      expect(running.nodes()[0]!.mqtt.connects).toBe(1);
      expect([...new Set(problems)]).toEqual(['COMMAND']);
    });
  });
}
