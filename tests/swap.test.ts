/**
 * From a recording through module, link, shim and broker to an independent client, and packages in the other direction.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type IPublishPacket, type MqttClient } from 'mqtt';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../host/base/index.ts';
import { Xorshift } from '../host/device/link/index.ts';
import type { Broker } from '../host/messaging/broker/index.ts';
import { brokerKinds } from '../host/messaging/broker/testing.ts';
import { pushPackage, Shim } from '../host/messaging/gateway/index.ts';
import { Cable, freePort, uniqueId } from '../host/messaging/mqtt/testing.ts';
import { decodeEvent, decodeOta, decodeState, decodeTelemetry } from '../host/messaging/topics/index.ts';
import { FrayedCable, KeywordWorld, release, speech } from './world.ts';

const ID = 'hall';

/** Everything of a node that mqtt.js receives from a broker; only the first message of each CloudEvents id. */
class Watcher {
  readonly received: { channel: string; id: string; payload: Buffer; packet: IPublishPacket }[] = [];
  readonly #ids = new Set<string>();
  #client: MqttClient | null = null;

  async watch(url: string, ns: string): Promise<void> {
    this.#client = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 });
    this.#client.on('error', () => {});
    this.#client.on('message', (topic, payload, packet) => {
      const id = String(packet.properties?.userProperties?.id);
      if (topic.endsWith('/desired') || this.#ids.has(id)) return;
      this.#ids.add(id);
      this.received.push({ channel: topic.split('/').at(-1)!, id, payload, packet });
    });
    await this.#client.subscribeAsync(`${ns}/d/#`, { qos: 1 });
  }

  /**
   * Publishes a message as any client may; resolves when it comes back, behind everything that the broker had before.
   */
  async echo(topic: string, payload: Buffer): Promise<void> {
    const client = this.#client!;
    const back = new Promise<void>((resolve) => {
      client.on('message', (name) => name === topic && resolve());
    });
    await client.publishAsync(topic, payload, { qos: 1, retain: topic.endsWith('/desired') });
    await back;
  }

  async end(): Promise<void> {
    await this.#client?.endAsync(true);
    this.#client = null;
  }

  on(channel: string): Buffer[] {
    return this.received.filter((message) => message.channel === channel).map((message) => message.payload);
  }
  get events() {
    return this.on('e').map((payload) => decodeEvent(payload));
  }
  get words(): string[] {
    return this.events.map(({ body }) => (body as { word: string }).word);
  }
  get frames() {
    return this.on('t').map((payload) => decodeTelemetry(payload));
  }
  /** Verdicts and steps of updates, without repetitions. */
  get ota(): string[] {
    const all = this.on('ota').map((payload) => decodeOta(payload).state);
    return all.filter((state, i) => state !== all[i - 1]);
  }
  /** The running module, from the last birth. */
  get module() {
    return decodeState(this.on('s').at(-1)!).birth?.module ?? null;
  }
}

/**
 * Means of three windows as the app publishes them, computed from the reference's scores. `word` is the index in the
 * model's output.
 */
function referenceMeans(word: number): number[] {
  const scores = new Int8Array(readFileSync(speech('stream.scores.bin')));
  const at = (i: number) => (i < 0 ? 0 : scores[4 * i + word]! + 128);
  return Array.from({ length: scores.length / 4 }, (_, i) => Math.floor((at(i) + at(i - 1) + at(i - 2)) / 3));
}

let first: Uint8Array;
let strict: Uint8Array;
let faulty: Uint8Array;
beforeAll(async () => {
  first = await release('keyword', { version: '1.0.0', sequence: 1 });
  strict = await release('keyword', { version: '1.1.0', sequence: 2, config: { threshold: 210 } });
  faulty = await release('faulty', { version: '1.2.0', sequence: 3 });
});

for (const kind of brokerKinds) {
  describe.skipIf(!kind.available)(`the keyword node behind ${kind.name}`, () => {
    let dir: string;
    let port: number;
    let ns: string;
    let broker: Broker;
    let cable: Cable;
    let shim: Shim;
    let watcher: Watcher;
    let world: KeywordWorld;
    let problems: string[];

    /** Resources to close in reverse order, also if opening the next one failed. */
    let opened: (() => unknown)[];

    beforeEach(async () => {
      opened = [];
      dir = mkdtempSync(join(tmpdir(), 'moteware-chain-'));
      opened.push(() => rmSync(dir, { recursive: true, force: true }));
      port = await freePort();
      ns = uniqueId('chain');
      problems = [];
      broker = await kind.start({ port, dir: join(dir, 'broker') });
      opened.push(() => broker.close());
      cable = new Cable(port);
      opened.push(() => cable.close());
      watcher = new Watcher();
      opened.push(() => watcher.end());
      await watcher.watch(broker.url, ns);
      const clock = new VirtualClock(Date.now());
      shim = new Shim({
        brokerUrl: `mqtt://127.0.0.1:${await cable.listen()}`,
        ns,
        queueDir: join(dir, 'queue'),
        backoff: { baseMs: 5, capMs: 40 },
        nodeClock: clock,
        onProblem: (error) => problems.push(error.code),
      });
      opened.push(() => shim.close());
      world = await KeywordWorld.start(clock, shim, ID, first);
      opened.push(() => world.close());
    });
    afterEach(async () => {
      for (const close of opened.reverse()) await close();
    });

    const push = (bytes: Uint8Array) => pushPackage({ brokerUrl: broker.url, ns, node: ID, bytes });

    /** Checks that everything which the node sent was received once, in order. */
    const expectAllReceived = async (faultsOnTrial: string[] = []) => {
      const { events, faults } = world;
      await world.until(() => watcher.events.length === events.length);
      expect(watcher.events.map(({ seq, name }) => [seq, name])).toEqual(events.map(({ seq, name }) => [seq, name]));
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i));
      expect(faults).toEqual(faultsOnTrial);
      const { produced, read, lost, waiting } = world.node.status().sensors.microphone!;
      expect(lost).toBe(0);
      expect(read + waiting).toBe(produced);
    };

    it('detects the words, with the scores of the reference in every frame', async () => {
      await world.until(() => watcher.words.length >= 4 && watcher.frames.length >= 16);
      expect(watcher.words.slice(0, 4)).toEqual(['yes', 'no', 'no', 'yes']);
      const frames = watcher.frames.slice(0, 16);
      expect(frames.map(({ seq }) => seq)).toEqual(frames.map((_, i) => i));
      for (const [metric, word] of [
        [0, 2],
        [1, 3],
      ] as const) {
        const values = frames.filter((frame) => frame.metric === metric).flatMap((frame) => frame.values);
        expect(values).toEqual(referenceMeans(word).slice(0, values.length));
        expect(values).toHaveLength(80);
      }
      const { birth } = decodeState(watcher.on('s').at(-1)!);
      expect(birth?.metrics.map(({ name }) => name)).toEqual(['score.yes', 'score.no']);
      await expectAllReceived();
    });

    it('accepts a better module while it runs, and rolls back one that hangs', async () => {
      await world.until(() => watcher.words.length >= 2);
      const confirmed = await push(strict);
      expect(confirmed).toMatchObject({ state: 'confirmed', status: { sequence: 2 } });
      await world.until(() => watcher.module?.state === 'confirmed' && watcher.module.version === '1.1.0');
      expect(watcher.module).toMatchObject({ name: 'keyword', sequence: 2, slot: 1 });
      const trial = watcher
        .on('ota')
        .map((payload) => decodeOta(payload))
        .find(({ swapUs }) => swapUs !== undefined);
      expect(trial).toMatchObject({ state: 'trial', lost: 0 });

      let before = watcher.words.length;
      await world.until(() => watcher.words.length >= before + 4);
      const back = await push(faulty);
      expect(back).toMatchObject({ state: 'rolledback', status: { sequence: 3, reason: { code: 'TRAP_FUEL' } } });
      await world.until(() => watcher.module?.version === '1.1.0');
      before = watcher.words.length;
      await world.until(() => watcher.words.length >= before + 4);
      expect(watcher.module).toMatchObject({ name: 'keyword', sequence: 2, slot: 1, state: 'confirmed' });
      expect(watcher.ota).toEqual([
        ...['receiving', 'verifying', 'swapping', 'trial', 'confirmed'],
        ...['receiving', 'verifying', 'swapping', 'trial', 'rolledback'],
      ]);
      // The detections stay in the order of the recording, except for those that a restarted module can't know yet.
      expect(watcher.words.slice(-4).sort()).toEqual(['no', 'no', 'yes', 'yes']);
      expect(problems).toEqual([]);
      await expectAllReceived([expect.stringMatching(/fuel/)]);
    });

    it('receives a package through a link that is cut 20 times', async () => {
      const random = new Xorshift(20);
      const frayed = new FrayedCable(world.listeningAt);
      opened.push(() => frayed.close());
      await world.linkThrough(await frayed.listen());
      await world.until(() => frayed.down > 0);
      const before = frayed.down;
      let left = 20;
      frayed.fray(() => (left-- > 0 ? 1 + random.below(4000) : Number.POSITIVE_INFINITY));
      const verdict = push(strict);
      expect(await verdict).toMatchObject({ state: 'confirmed', status: { sequence: 2 } });
      expect(frayed.cuts).toBe(20);
      const received = watcher.on('ota').map((payload) => decodeOta(payload).received);
      // It resumes where it was: a cut costs the bytes under way that aren't in flash yet, never earlier ones. This is
      // far less than starting again at each cut.
      for (let i = 1; i < received.length; i++) expect(received[i]! - received[i - 1]!).toBeGreaterThanOrEqual(-4096);
      expect(frayed.down - before).toBeLessThan((20 * strict.length) / 2);
      const words = watcher.words.length;
      await world.until(() => watcher.words.length >= words + 2);
      await expectAllReceived();
    });

    it('continues while the broker is stopped: its messages arrive afterwards, in order', async () => {
      await world.until(() => watcher.words.length >= 2);
      for (let round = 0; round < 2; round++) {
        cable.pull();
        await watcher.echo(`${ns}/d/end`, Buffer.from([round]));
        await watcher.end();
        await broker.close();
        const before = world.events.length;
        await world.until(() => world.events.length >= before + 5);
        broker = await kind.start({ port, dir: join(dir, 'broker') });
        await watcher.watch(broker.url, ns);
        cable.plug();
        const all = world.events.length;
        await world.until(() => watcher.events.length >= all);
      }
      await expectAllReceived();
      const seqs = watcher.frames.map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, i) => i));
    });
  });
}
