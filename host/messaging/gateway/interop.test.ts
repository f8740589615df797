/** Other clients read what this client publishes, and the reverse: mosquitto's own tools and mqtt.js. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import mqtt, { type IPublishPacket } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lacking, titled } from '../../base/needs.ts';
import { type Broker, startEmbeddedBroker } from '../broker/broker.ts';
import { brokerKinds } from '../broker/testing.ts';
import { MqttClient } from '../mqtt/client.ts';
import { openStream } from '../mqtt/stream.ts';
import { bytes, connected, Inbox, uniqueId } from '../mqtt/testing.ts';
import { payloadExamples } from '../topics/examples.ts';

const NO_CLIENTS = lacking('mosquitto_pub', 'mosquitto_sub');
const NO_OPENSSL = lacking('openssl');
const properties = {
  contentType: 'application/cbor',
  expirySeconds: 600,
  responseTopic: 'answers/here',
  correlationData: bytes('corr-1'),
  userProperties: { specversion: '1.0', id: '1-t-4', source: '/mote/d/a', type: 'moteware.telemetry.v1' },
};

for (const kind of brokerKinds) {
  describe.skipIf(!kind.available)(`on ${kind.name}`, () => {
    let broker: Broker;
    beforeAll(async () => {
      broker = await kind.start();
    });
    afterAll(() => broker.close());

    it('mqtt.js reads the messages of this client with every byte and property', async () => {
      const other = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
      const topic = uniqueId('interop');
      await other.subscribeAsync(`${topic}/#`, { qos: 1 });
      const got: { topic: string; payload: Buffer; packet: IPublishPacket }[] = [];
      const all = new Promise<void>((resolve) => {
        other.on('message', (name, payload, packet) => {
          got.push({ topic: name, payload, packet });
          if (got.length === 2 * Object.keys(payloadExamples).length) resolve();
        });
      });
      const client = await connected(broker.url);
      for (const qos of [0, 1] as const) {
        for (const [name, payload] of Object.entries(payloadExamples)) {
          await client.publish(`${topic}/${name}`, payload, { qos, retain: true, properties });
        }
      }
      await all;
      for (const { topic: name, payload, packet } of got) {
        expect(payload.toString('hex')).toBe(Buffer.from(payloadExamples[name.split('/')[1]!]!).toString('hex'));
        expect({ ...packet.properties?.userProperties }).toEqual(properties.userProperties);
        expect(packet.properties).toMatchObject({
          contentType: 'application/cbor',
          messageExpiryInterval: 600,
          responseTopic: 'answers/here',
          correlationData: Buffer.from('corr-1'),
        });
      }
      client.close();
      await other.endAsync();
    });

    it('this client reads the messages of mqtt.js', async () => {
      const topic = uniqueId('theirs');
      const inbox = new Inbox();
      const client = await connected(broker.url);
      await client.subscribe({ filter: topic, qos: 1 }, inbox.push);
      const other = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
      await other.publishAsync(topic, 'hello', {
        qos: 1,
        properties: {
          contentType: 'text/plain',
          payloadFormatIndicator: true,
          messageExpiryInterval: 60,
          responseTopic: 'r',
          correlationData: Buffer.from([1, 2]),
          userProperties: { a: ['1', '2'], b: '3' },
        },
      });
      const [message] = await inbox.count(1);
      expect(inbox.texts).toEqual(['hello']);
      expect(message!.properties).toEqual({
        contentType: 'text/plain',
        utf8: true,
        expirySeconds: 60,
        responseTopic: 'r',
        correlationData: Buffer.from([1, 2]),
        userProperties: { a: ['1', '2'], b: '3' },
      });
      client.close();
      await other.endAsync();
    });

    it.skipIf(NO_CLIENTS !== null)(titled('mosquitto_sub reads the messages of this client', NO_CLIENTS), async () => {
      const topic = uniqueId('sub');
      const client = await connected(broker.url);
      const payload = payloadExamples.telemetry!;
      await client.publish(topic, payload, { qos: 1, retain: true, properties });
      const { port } = new URL(broker.url);
      const format = '%t|%q|%r|%C|%R|%D|%P|%x';
      const { stdout } = await promisify(execFile)('mosquitto_sub', [
        ...['-V', '5', '-h', '127.0.0.1', '-p', port, '-t', topic, '-q', '1', '-C', '1', '-W', '10', '-F', format],
      ]);
      const [name, qos, retain, contentType, responseTopic, correlation, user, hex] = stdout.trim().split('|');
      expect([name, qos, retain, contentType, responseTopic, correlation]).toEqual([
        ...[topic, '1', '1', 'application/cbor', 'answers/here', 'corr-1'],
      ]);
      const expected = Object.entries(properties.userProperties).map(([key, value]) => `${key}:${value}`);
      expect(user!.split(' ').sort()).toEqual(expected.sort());
      expect(hex).toBe(Buffer.from(payload).toString('hex'));
      client.close();
    });

    it.skipIf(NO_CLIENTS !== null)(titled('this client reads the messages of mosquitto_pub', NO_CLIENTS), async () => {
      const topic = uniqueId('pub');
      const inbox = new Inbox();
      const client = await connected(broker.url);
      await client.subscribe({ filter: topic, qos: 1 }, inbox.push);
      const { port } = new URL(broker.url);
      const args = ['-V', '5', '-h', '127.0.0.1', '-p', port, '-t', topic, '-q', '1', '-m', '{"name":"blink"}'];
      const property = (...rest: string[]) => ['-D', 'publish', ...rest];
      await promisify(execFile)('mosquitto_pub', [
        ...args,
        ...property('content-type', 'application/json'),
        ...property('response-topic', 'r/1'),
        ...property('correlation-data', 'c'),
        ...property('user-property', 'who', 'me'),
      ]);
      expect((await inbox.count(1))[0]!.properties).toEqual({
        contentType: 'application/json',
        responseTopic: 'r/1',
        correlationData: Buffer.from('c'),
        userProperties: { who: 'me' },
      });
      client.close();
    });
  });
}

describe('the embedded broker', () => {
  it('requires user name and password if it has users', async () => {
    const broker = await startEmbeddedBroker({ port: 0, users: { ann: 'secret' } });
    const url = (login: string) => broker.url.replace('//', `//${login}`);
    const attempt = (login: string) => {
      const client = new MqttClient({ url: url(login), clientId: uniqueId('login') });
      return client.connect({ retry: false }).then(() => client.close());
    };
    for (const login of ['', 'ann:wrong@', 'bob:secret@', '__proto__:x@', 'ann@']) {
      await expect(attempt(login)).rejects.toThrow(/User name or password|Not authorized/);
    }
    await attempt('ann:secret@');
    await broker.close();
  });

  it('lets clients do what `allow` allows', async () => {
    const broker = await startEmbeddedBroker({
      port: 0,
      users: { ann: 'a' },
      allow: ({ username }, action, topic) =>
        username === 'ann' && (action === 'subscribe') === topic.startsWith('in/'),
    });
    const client = await connected(broker.url, { username: 'ann', password: 'a' });
    await client.publish('out/x', bytes('x'), { qos: 1 });
    await expect(client.publish('in/x', bytes('x'), { qos: 1 })).rejects.toMatchObject({ code: 'MQTT_NOT_AUTHORIZED' });
    await client.subscribe({ filter: 'in/#', qos: 1 }, () => {});
    await expect(client.subscribe({ filter: 'out/#', qos: 1 }, () => {})).rejects.toMatchObject({
      code: 'MQTT_NOT_AUTHORIZED',
    });
    client.close();
    await broker.close();
  });

  it('refuses to serve a network without users, and a port that is in use', async () => {
    await expect(startEmbeddedBroker({ host: '0.0.0.0', port: 0 })).rejects.toMatchObject({ code: 'BROKER_OPEN' });
    const broker = await startEmbeddedBroker({ port: 0 });
    const port = Number(new URL(broker.url).port);
    await expect(startEmbeddedBroker({ port })).rejects.toThrow(/something else listens there; choose another port/);
    await broker.close();
  });

  it.skipIf(NO_OPENSSL !== null)(
    titled('speaks TLS, and the client verifies its certificate', NO_OPENSSL),
    async () => {
      const dir = mkdtempSync(join(tmpdir(), 'moteware-tls-'));
      const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
      const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
      execFileSync(
        'openssl',
        ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...subject],
        { stdio: 'ignore' },
      );
      const broker = await startEmbeddedBroker({ port: 0, tls: { key: readFileSync(key), cert: readFileSync(cert) } });
      const url = broker.url.replace('127.0.0.1', 'localhost');
      expect(url).toMatch(/^mqtts:/);
      const stranger = new MqttClient({ url, clientId: 'a' });
      await expect(stranger.connect({ retry: false })).rejects.toMatchObject({ code: 'MQTT_NETWORK' });
      const client = new MqttClient({ url, clientId: 'b', open: openStream({ ca: readFileSync(cert) }) });
      await client.connect({ retry: false });
      await client.publish('a', bytes('x'), { qos: 1 });
      client.close();
      await broker.close();
      rmSync(dir, { recursive: true, force: true });
    },
  );
});
