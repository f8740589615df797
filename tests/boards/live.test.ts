/**
 * The agent as on hardware: in real time, over its serial line, asleep between steps. tests/conformance compares its
 * messages in virtual time; here the clock, the interrupts and the watchdog are the chip's.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backgroundClock } from '../../host/base/index.ts';
import {
  type Birth,
  type Log,
  listenTcp,
  type NodeMessage,
  type OtaStatus,
  type Telemetry,
} from '../../host/device/link/index.ts';
import { type AppText, appWasm, TestShim } from '../../host/device/node/testing.ts';
import { freePort } from '../../host/messaging/mqtt/testing.ts';
import {
  type Board,
  boardNames,
  buildImage,
  loadBoard,
  type NodeProcess,
  startNode,
} from '../../host/toolchain/board/index.ts';
import { flashFile } from '../conformance/board.ts';
import { geometryOf } from '../conformance/boards.ts';
import { makeFlash, NODE_ID, type PackageText, packageOf } from '../conformance/world.ts';
import { patch } from './gdb.ts';
import { missingTool } from './selftest.ts';

type Result = Extract<NodeMessage, { type: 'result' }>;

/** An invalid instruction, and one that jumps to itself. */
const CODE = {
  arm: { illegal: Uint8Array.of(0x00, 0xde), stop: Uint8Array.of(0xfe, 0xe7) },
  riscv: { illegal: Uint8Array.of(0, 0, 0, 0), stop: Uint8Array.of(0x6f, 0, 0, 0) },
};
const isTick = (one: NodeMessage): one is Telemetry => one.type === 'telemetry' && one.metric === 0;
/** Erase time of a page, as on an nRF52840. */
const ERASE_US = 85_000;
const BOOT = { power: 0, watchdog: 2, fault: 3 };
/** The board whose code QEMU has in ROM, which it doesn't reload at a reset, unlike RAM. */
const CODE_IN_ROM = 'lm3s6965evb';
const WATCHDOG_MS = 30_000;
const MEMORY_BYTES = 8192;

/** A tick every 250 ms. The command `hang` never returns and counts no fuel; `work` takes 400 ms. */
const TICKER: AppText = {
  memoryBytes: MEMORY_BYTES,
  more: '(data (i32.const 0) "tickshang1work")',
  init: `(drop (call $metric (i32.const 0) (i32.const 5) (i32.const 9) (i32.const 1) (i32.const 0)))
    (drop (call $subscribe (i32.const 5) (i32.const 4))) (drop (call $subscribe (i32.const 10) (i32.const 4))) (i32.const 0)`,
  step: `(drop (call $publish (i32.const 0) (local.get $now) (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 0)))
    (i64.add (local.get $now) (i64.const 250000))`,
  message: `(local $start i64) (local.set $start (call $time_now))
    (loop $l
      (br_if $l (i32.eqz (local.get $id)))
      (br_if $l (i64.lt_u (call $time_now) (i64.add (local.get $start) (i64.const 400000)))))`,
};
/** Stores a number in each step, every 50 ms. This erases pages, each for a longer time than that. */
const STORER: AppText = {
  ...TICKER,
  step: `(drop (call $publish (i32.const 0) (local.get $now) (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 0)))
    (i64.store (i32.const 128) (local.get $now))
    (drop (call $kv_set (i32.const 0) (i32.const 5) (i32.const 128) (i32.const 8)))
    (i64.add (local.get $now) (i64.const 50000))`,
};
/** Works for 500 ms in each step. */
const LATE: AppText = {
  ...TICKER,
  step: `(loop $l (br_if $l (i64.lt_u (call $time_now) (i64.add (local.get $now) (i64.const 500000)))))
    (i64.add (local.get $now) (i64.const 250000))`,
};

function release(sequence: number, app: AppText, change: Partial<PackageText> = {}): PackageText {
  const about = { name: 'ticker', version: `1.0.${sequence}`, memoryBytes: MEMORY_BYTES, commands: ['hang', 'work'] };
  const metrics = [{ name: 'ticks', unit: '1', exponent: 0 }];
  return { sequence, wasm: appWasm(app), ...about, metrics, fuel: 20_000_000n, ...change };
}

/** A node with a shim at its serial line. */
class Live {
  readonly shim = new TestShim(backgroundClock);
  readonly folder = mkdtempSync(join(tmpdir(), 'mote-live-'));
  readonly #board: Board;
  #node: NodeProcess | undefined;
  #listener: Awaited<ReturnType<typeof listenTcp>> | undefined;
  #debugPort = 0;
  #map = '';
  #from = 0;

  constructor(board: Board) {
    this.#board = board;
  }

  async start(): Promise<void> {
    const geometry = geometryOf(this.#board);
    const flash = makeFlash(geometry, { module: release(1, TICKER) });
    writeFileSync(join(this.folder, 'flash.bin'), flashFile(geometry, flash));
    const { elf, map } = await buildImage(this.#board, { image: 'agent' });
    this.#map = readFileSync(map, 'utf8');
    this.#listener = await listenTcp(0, (transport) => this.shim.attach(transport));
    this.#debugPort = await freePort();
    const qemu = this.#board.run?.kind === 'qemu';
    this.#node = await startNode(this.#board, elf, {
      folder: this.folder,
      options: [`id=${NODE_ID}`, 'vitals=1', `erase=${ERASE_US}`],
      linkPort: this.#listener.port,
      ...(qemu && { qemuArgs: ['-gdb', `tcp:127.0.0.1:${this.#debugPort}`] }),
    });
  }

  /** Ignores all messages until now. */
  forget(): void {
    this.#from = this.shim.got.length;
  }

  /** Waits until a matching message has arrived since `forget`, and returns it. */
  async receive<T extends NodeMessage>(matches: (message: NodeMessage) => message is T, ms = 20_000): Promise<T> {
    const from = this.#from;
    const end = performance.now() + ms;
    for (;;) {
      const found = this.shim.got.slice(from).find(matches);
      if (found !== undefined) return found;
      if (performance.now() > end)
        throw new Error(`no such message in ${ms} ms; received ${JSON.stringify(this.shim.got.slice(from).slice(-20))}
${this.#node?.output() ?? ''}`);
      await sleep(20);
    }
  }

  birth(version: string, state = 'confirmed'): Promise<Birth> {
    return this.receive(
      (one): one is Birth => one.type === 'birth' && one.module?.version === version && one.module.state === state,
    );
  }

  log(ms?: number): Promise<Log> {
    return this.receive((one): one is Log => one.type === 'log', ms);
  }

  result(id: number): Promise<Result> {
    return this.receive((one): one is Result => one.type === 'result' && one.id === id);
  }

  ota(state: OtaStatus['state'], sequence: number): Promise<OtaStatus> {
    return this.receive(
      (one): one is OtaStatus => one.type === 'ota' && one.state === state && one.sequence === sequence,
    );
  }

  /** Returns a value of the next vitals, by its name. */
  async vital(name: string): Promise<number> {
    this.forget();
    const birth = this.shim.get('birth').at(-1)!;
    const index = birth.metrics.findIndex((metric) => metric.name === name);
    const vital = await this.receive((one): one is Telemetry => one.type === 'telemetry' && one.metric === index);
    return vital.values[0]!;
  }

  push(text: PackageText): void {
    this.forget();
    this.shim.push(packageOf(text), text.sequence!);
  }

  /** The processor's next pass through the agent's loop ends in this fault; a process gets a signal. */
  async strike(what: 'illegal' | 'stop'): Promise<void> {
    this.forget();
    if (this.#board.run?.kind !== 'qemu') {
      process.kill(this.#node!.pid, what === 'illegal' ? 'SIGILL' : 'SIGALRM');
      return;
    }
    const at = /\.text\.agent_turn\s+0x([0-9a-f]+)/.exec(this.#map)?.[1];
    const code = this.#board.cpu.core.startsWith('rv') ? CODE.riscv : CODE.arm;
    const address = Number.parseInt(at!, 16);
    const before = await patch(this.#debugPort, address, code[what]);
    if (this.#board.name !== CODE_IN_ROM) return;
    await sleep(what === 'stop' ? WATCHDOG_MS + 2000 : 500);
    await patch(this.#debugPort, address, before);
  }

  async end(): Promise<void> {
    await this.#node?.kill();
    this.shim.detach();
    await this.#listener?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

// Concurrent, because most of the time is waiting.
describe.concurrent.each(boardNames().filter((one) => loadBoard(one).run !== null))('%s', async (name) => {
  const board = loadBoard(name);
  const missing = await missingTool(board);
  const live = new Live(board);
  beforeAll(() => (missing === null ? live.start() : undefined), 600_000);
  afterAll(() => live.end());

  it.skipIf(missing !== null)(
    `runs as on hardware${missing === null ? '' : ` (skipped: ${missing})`}`,
    { timeout: 180_000 },
    async () => {
      const { shim } = live;
      expect(await live.birth('1.0.1')).toMatchObject({ node: NODE_ID, boot: 1 });

      // It ticks every 250 ms and sleeps in between. This machine may be busy, and the first second was the start.
      await live.vital('agent.asleep');
      const asleep = await live.vital('agent.asleep');
      expect(asleep).toBeGreaterThan(300_000);
      expect(asleep).toBeLessThan(1_500_000);
      const ticks = shim.got.filter(isTick);
      const periodMs = (ticks.at(-1)!.t0Ms - ticks[0]!.t0Ms) / (ticks.length - 1);
      expect(periodMs).toBeGreaterThanOrEqual(249);
      expect(periodMs).toBeLessThan(350);
      expect(await live.vital('agent.boot')).toBe(BOOT.power);

      // Pages of the transfer and of the module's store are erased between steps; the module isn't blamed for that
      // time.
      live.push(release(2, STORER, { rom: new Uint8Array(20_000) }));
      const { swapUs, lost } = await live.ota('trial', 2);
      expect(swapUs).toBeGreaterThan(0);
      expect(lost).toBe(0);
      await live.ota('confirmed', 2);
      const ticksMs = shim.got.filter(isTick).map(({ t0Ms }) => t0Ms);
      expect(Math.max(...ticksMs.slice(1).map((t0Ms, i) => t0Ms - ticksMs[i]!))).toBeLessThan(900);

      live.push(release(3, LATE));
      expect(await live.ota('rolledback', 3)).toMatchObject({ reason: { code: 'TRIAL_DEADLINE' } });
      await live.birth('1.0.2');

      // Much work at once, and every step still runs.
      live.forget();
      const before = shim.got.length;
      for (let id = 20; id < 32; id++) shim.send({ type: 'command', id, name: 'work', body: new Uint8Array(0) });
      await live.result(31);
      const during = shim.got.slice(before).filter(isTick);
      expect(during.length).toBeGreaterThan(8);

      live.forget();
      shim.send({ type: 'command', id: 9, name: 'hang', body: new Uint8Array(0) });
      const result = await live.result(9);
      expect(result.ok).toBe(false);
      expect(result.reason?.text).toContain('deadline');
      await live.birth('1.0.2');

      // A fault of the processor while a module is on trial.
      live.push(release(4, { ...TICKER, health: '(i32.const 0)' }, { trialMs: 60_000 }));
      await live.birth('1.0.4', 'trial');
      await live.strike('illegal');
      expect((await live.log()).text).toMatch(
        /^NODE_FAULT the processor faulted and restarted: exception \d+ at 0x[0-9a-f]+/,
      );
      expect(await live.ota('rolledback', 4)).toMatchObject({ reason: { code: 'TRIAL_INTERRUPTED' } });
      // One start: it follows a second later, when the code in ROM is correct again.
      const { boot } = await live.birth('1.0.2');
      expect(boot).toBe(2);
      expect(await live.vital('agent.boot')).toBe(BOOT.fault);

      // The agent itself hangs: nothing feeds the watchdog.
      await live.strike('stop');
      expect((await live.log(60_000)).text).toMatch(/^NODE_WATCHDOG /);
      expect((await live.birth('1.0.2')).boot).toBeGreaterThan(boot);
      expect(await live.vital('agent.boot')).toBe(BOOT.watchdog);
    },
  );
});
