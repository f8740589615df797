import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../host/base/index.ts';
import { type NodeMessage, type ShimMessage, shimLink, Xorshift } from '../../host/device/link/index.ts';
import { missingCompiler } from '../c-program.ts';
import { buildDriver } from './driver.ts';
import { hex } from './reference.ts';

/** The C node as a process that answers line by line. */
class LiveNode {
  readonly #child;
  readonly #lines;

  constructor(driver: string) {
    this.#child = spawn(driver, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`);
    return (await this.#lines.next()).value ?? '';
  }

  async end(): Promise<number | null> {
    this.#child.stdin.end();
    const [code] = await once(this.#child, 'close');
    return code;
  }
}

const TICK_US = 1000;

const driver = await buildDriver();

describe.skipIf(missingCompiler)('a C node on a line that transmits only some bytes at a time', () => {
  it.each([
    ['14 bytes a millisecond, none lost', 14, 0, 16],
    ['14 bytes a millisecond, some lost', 14, 0.02, 16],
    ['1 byte a millisecond', 1, 0, 4],
    ['a burst of 300 bytes a millisecond, many lost', 300, 0.1, 8],
  ])('delivers each event and each command once and in order: %s', async (_, bytesPerTick, loss, window) => {
    const random = new Xorshift(bytesPerTick);
    const world = new VirtualClock();
    const node = new LiveNode(driver);
    const got: NodeMessage[] = [];
    const toNode: Uint8Array[] = [];
    const answered: number[] = [];
    let shimReceives: (bytes: Uint8Array) => void = () => {};
    let session = 1;
    const shim = shimLink({
      clock: world,
      newSessionId: () => session++,
      window,
      onMessage(message) {
        got.push(message);
        if (message.type === 'time?') shim.send({ type: 'time', sentUs: message.sentUs, utcMs: 1_790_000_000_000 });
      },
    });
    const handle = async (line: string) => {
      const answer = await node.ask(line);
      for (const [, id] of answer.matchAll(/\[command (\d+) /g)) answered.push(Number(id));
      // The messages received with an event are behind the bytes.
      const written = answer.replace(/\[[^\]]*\]/g, '');
      const bytes = Buffer.from(written.slice(0, written.length & ~1), 'hex');
      if (bytes.length > 0 && random.unit() >= loss) shimReceives(bytes);
      return answer;
    };
    shim.attach({
      write: (bytes) => toNode.push(bytes.slice()),
      onData: (listener) => {
        shimReceives = listener;
      },
      onClose() {},
      close() {},
    });
    await node.ask(`0 start 5 ${window} 64 4000 1280 1024 65536 64 64 64 8192 2048`);
    await node.ask('0 drain 0');
    await node.ask('0 attach');
    const events = 60;
    const commands: ShimMessage[] = Array.from({ length: 40 }, (_, id) => ({
      type: 'command',
      id: 5 * id + 1,
      name: 'go',
      body: new Uint8Array(0),
    }));
    let sent = 0;
    let us = 0;
    const seqs = () => got.flatMap((message) => (message.type === 'event' ? [message.seq] : []));
    while ((seqs().length < events || answered.length < 40) && us < 400e6) {
      us += TICK_US;
      world.runUntil(us);
      if (shim.up && commands.length > 0 && random.below(20) === 0 && shim.send(commands[0]!)) commands.shift();
      if (sent < events && random.below(8) === 0) {
        const body = Uint8Array.of(0x58, 60, ...Array(60).fill(random.below(256)));
        // The room is checked first, as the node does it.
        const answer = await handle(`${us} event ${sent} 6575 ${hex(body)}`);
        if (answer.endsWith('1')) sent++;
      }
      for (const bytes of toNode.splice(0)) if (random.unit() >= loss) await handle(`${us} in ${hex(bytes)}`);
      await handle(`${us} drain ${bytesPerTick}`);
    }
    expect(await node.end()).toBe(0);
    expect(seqs()).toEqual(Array.from({ length: events }, (_, seq) => seq));
    expect(answered).toEqual(Array.from({ length: 40 }, (_, id) => 5 * id + 1));
    if (loss === 0) expect(shim.stats.badMessages).toBe(0);
  });
});
