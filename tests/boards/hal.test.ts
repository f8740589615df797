/** boards/platform/hal.h on every board that runs here: runs the firmware of the self-test and checks its output. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MoteError, VirtualClock } from '../../host/base/index.ts';
import { FileFlash } from '../../host/device/flash/index.ts';
import { transportPair } from '../../host/device/link/index.ts';
import { boardNames, loadBoard, NODE_EXIT, SimClock, startNode } from '../../host/toolchain/board/index.ts';
import { Bench, buildSelftest, lifeOf, missingTool } from './selftest.ts';

const BOOT = { power: 0, software: 1, watchdog: 2, fault: 3 };

/** The processor's number of each fault: Arm's exception numbers, RISC-V's causes, POSIX signals. */
const KINDS = {
  arm: { store: 4, flashStore: 4, illegal: 6, overflow: 4 },
  riscv: { store: 7, flashStore: 7, illegal: 3, overflow: 7 },
  host: { store: 11, flashStore: null, illegal: 4, overflow: 11 },
};
const WATCHDOG_KIND: Record<string, number> = { linux: 14, lm3s6965evb: 34, 'riscv-virt': 0x8000_0007 };

/** QEMU's own message before the firmware's first instruction. */
const QEMU_NOTICE = /^Invalid read at addr 0x1000000[04], size 4, region '\(null\)', reason: rejected$/;

for (const name of boardNames().filter((one) => loadBoard(one).run !== null)) {
  const board = loadBoard(name);
  const missing = await missingTool(board, []);
  const title = missing === null ? name : `${name} (skipped: ${missing})`;
  // Compiling comes first, and the emulator shares few processors.
  describe.skipIf(missing !== null)(title, { timeout: 180_000 }, () => {
    const qemu = board.run?.kind === 'qemu';
    const kinds = KINDS[board.cpu.toolchain === 'host' ? 'host' : board.cpu.core.startsWith('rv') ? 'riscv' : 'arm'];
    let bench: Bench;
    beforeAll(() => {
      bench = new Bench(name);
    });
    afterAll(() => bench.end());

    test('the remaining RAM is one aligned heap, and the stack is above its floor', async () => {
      const { code, lives } = await bench.run('memory');
      expect(code).toBe(NODE_EXIT.done);
      const [life] = lives;
      expect(life).toMatchObject({ boot: BOOT.power, kind: 0, pc: 0, aligned: 1, 'floor-below': 1 });
      const { heap, stack } = life!;
      expect(stack).toBe(board.memory?.stackBytes ?? 256 * 1024);
      if (board.memory !== null) expect(heap).toBeGreaterThan(board.memory.ram.bytes * 0.75);
    });

    test("the stack's high-water mark is its largest use", async () => {
      const { lives } = await bench.run('stack');
      const { before, after } = lives[0]!;
      // Its frames have 2048 bytes; a C library may have used more before.
      if (before! < 2048) expect(after! - before!).toBeGreaterThan(1024);
      expect(after).toBeGreaterThanOrEqual(2048);
      expect(after).toBeLessThan(16384);
    });

    test('time never decreases or jumps, sleep lasts until its deadline, and only sleep counts as asleep', async () => {
      const { code, lives } = await bench.run('time', { icount: qemu });
      expect(code).toBe(NODE_EXIT.done);
      const life = lives[0]!;
      expect(life).toMatchObject({ 'asleep-awake': 0, past: 1 });
      expect(life).not.toHaveProperty('backwards');
      expect(life.slept).toBeGreaterThanOrEqual(1_300_000);
      expect(life.asleep).toBeGreaterThan(1_290_000);
      expect(life.asleep).toBeLessThanOrEqual(life.slept!);
      if (!qemu) return;
      // Where time is counted in instructions, it is exact.
      expect(life).not.toHaveProperty('jump');
      expect(life.slept).toBeLessThan(1_300_010);
    });

    test('flash is programmed and erased, its memory-mapped window follows, and TypeScript can read the file', async () => {
      const folder = bench.folder();
      const { code, lives } = await bench.run('flash', { folder });
      expect(code).toBe(NODE_EXIT.done);
      expect(lives[0]).toMatchObject({ erased: 1, programmed: 1, equal: 1, again: 1, kept: 1 });
      const { bytes, page, write } = board.flash;
      const path = join(folder, 'flash.bin');
      const flash = FileFlash.open(path, { sizeBytes: bytes, pageBytes: page, writeBytes: write });
      expect(flash.read(page, 256)).toEqual(Uint8Array.from({ length: 256 }, (_, i) => i * 7));
      expect(flash.read(bytes - page, page).every((byte) => byte === 0xff)).toBe(true);
      flash.program(page + 256, new Uint8Array(256));
      flash.close();
      // It programs page 1 again, which is no longer erased.
      expect(await bench.run('flash', { folder })).toMatchObject({ code: NODE_EXIT.broken });
    });

    test.each([
      ['before', [0xff, 0xff]],
      ['after', [0, 7]],
    ])('a cut %s an operation leaves the expected bytes, and ends the node', async (how, bytes) => {
      const folder = bench.folder();
      const { code, lives } = await bench.run('flash', { folder, options: [`cut=0:${how}`] });
      expect(code).toBe(NODE_EXIT.cut);
      expect(lives[0]).not.toHaveProperty('programmed');
      const at = 4096 + board.flash.bytes - board.flash.page;
      expect([...readFileSync(join(folder, 'flash.bin')).subarray(at, at + 2)]).toEqual(bytes);
    });

    test('a cut in the middle leaves a mixture, the same for the same seed', async () => {
      const images = [];
      for (const seed of [5, 5, 6]) {
        const folder = bench.folder();
        const options = ['cut=0:middle', `seed=${seed}`];
        expect(await bench.run('flash', { folder, options })).toMatchObject({ code: NODE_EXIT.cut });
        const at = 4096 + board.flash.bytes - board.flash.page;
        images.push(readFileSync(join(folder, 'flash.bin')).subarray(at, at + 512));
      }
      const whole = Uint8Array.from({ length: 512 }, (_, i) => i * 7);
      expect(images[0]).toEqual(images[1]);
      expect(images[0]).not.toEqual(images[2]);
      expect(images[0]!.some((byte, i) => byte !== whole[i])).toBe(true);
      expect(images[0]!.some((byte) => byte !== 0xff)).toBe(true);
      // Programming clears bits, but only the requested ones.
      expect(images[0]!.every((byte, i) => (byte | whole[i]!) === byte)).toBe(true);
    });

    test('a cut in the middle of an erase leaves a mixture, or noise as well', async () => {
      const blank = [];
      for (const seed of [1, 2, 3, 4]) {
        const folder = bench.folder();
        const options = ['cut=1:middle', `seed=${seed}`];
        expect(await bench.run('flash', { folder, options })).toMatchObject({ code: NODE_EXIT.cut });
        const at = 4096 + board.flash.bytes - board.flash.page;
        const page = readFileSync(join(folder, 'flash.bin')).subarray(at, at + board.flash.page);
        expect(page.subarray(0, 512).some((byte, i) => byte !== ((i * 7) & 0xff))).toBe(true);
        blank.push(page.subarray(512).every((byte) => byte === 0xff));
      }
      expect(new Set(blank)).toEqual(new Set([true, false]));
    });

    test('an erase is cut page by page, after the given number of operations', async () => {
      expect(await bench.run('flash', { options: ['cut=1:before'] })).toMatchObject({
        code: NODE_EXIT.cut,
        lives: [{ equal: 1 }],
      });
      expect(await bench.run('flash', { options: ['cut=3:before'] })).toMatchObject({ code: NODE_EXIT.done });
    });

    test('a violation of the rules of NOR flash ends the node', async () => {
      const { code, output, lives } = await bench.run('nor');
      expect(code).toBe(NODE_EXIT.broken);
      expect(lives[0]).not.toHaveProperty('allowed');
      expect(output).toContain("a write that isn't erased");
    });

    test("a file of another flash isn't changed", async () => {
      const folder = bench.folder();
      const path = join(folder, 'flash.bin');
      FileFlash.open(path, { sizeBytes: board.flash.bytes, pageBytes: board.flash.page, writeBytes: 1 }).close();
      const before = readFileSync(path);
      expect(await bench.run('flash', { folder })).toMatchObject({ code: NODE_EXIT.broken });
      expect(readFileSync(path).equals(before)).toBe(true);
      writeFileSync(path, before.subarray(0, 5000));
      expect(await bench.run('flash', { folder })).toMatchObject({ code: NODE_EXIT.broken });
    });

    test('random numbers differ from start to start, also with a seed after a restart, which repeats with the seed', async () => {
      const random = async (options: string[]) => {
        const { code, output, lives } = await bench.run('random', { options });
        expect(code).toBe(NODE_EXIT.done);
        expect(lives.map(({ boot }) => boot)).toEqual([BOOT.power, BOOT.software]);
        return [...output.matchAll(/random (\d+)/g)].map(([, value]) => Number(value));
      };
      const host = [...(await random([])), ...(await random([]))];
      expect(new Set(host).size).toBe(8);
      const seeded = [...(await random(['seed=1'])), ...(await random(['seed=2']))];
      expect(new Set(seeded).size).toBe(8);
      expect(await random(['seed=1'])).toEqual(seeded.slice(0, 4));
    });

    test('sensors have the configured rates and channels, and samples are counted without loss for weeks', async () => {
      const options = ['sensor=mic:16000000:1:800', 'sensor=accel:26667:3:64'];
      const { code, lives, output } = await bench.run('sensors', { options });
      expect(code).toBe(NODE_EXIT.done);
      expect(lives[0]).toMatchObject({ sensors: 2, mic: 16_000_000, accel: 26_667, sum: 1_000_000 });
      expect([...output.matchAll(/after-weeks (\d+)/g)].map(([, n]) => Number(n))).toEqual([
        48_000_000_000, 80_001_000,
      ]);
    });

    test.each([
      ['sensor=mic:0:1:800'],
      ['sensor=mic:16000000:1'],
      ['sensor=mic:16000000:65:1'],
      ['sensor=mic:16000000:64:16000000'],
      ['clock=slow'],
      ['clock=virtual'],
      ['seed=-1'],
      ['seed=4294967296'],
      ['cut=1:never'],
      ['cut=:after'],
    ])('option %s is rejected', async (option) => {
      const { code, output } = await bench.run('memory', { options: [option] });
      expect(code).toBe(NODE_EXIT.options);
      expect(output).toMatch(/^[^\n]+: [^\n]+\n$/m);
    });

    test('more bytes than the rings hold go in and out over the link', async () => {
      const sent = Buffer.from(Array.from({ length: 20_000 }, (_, i) => 1 + ((i * 31) % 255)));
      const end = Buffer.from([0]);
      const asks = '?'.charCodeAt(0);
      let back = Buffer.alloc(0);
      let answered = false;
      const server = createServer((socket: Socket) => {
        socket
          .on('error', () => {})
          .on('data', (bytes) => {
            if (!answered) socket.write(Buffer.concat([sent, end]));
            answered = true;
            back = Buffer.concat([back, bytes]);
            const first = back.findIndex((byte) => byte !== asks);
            // The second zero ends it, after all other bytes came back.
            if (first >= 0 && back.length - first === sent.length + 1) socket.write(end);
          });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      try {
        const linkPort = (server.address() as { port: number }).port;
        const { code, lives } = await bench.run('echo', { linkPort });
        expect(code).toBe(NODE_EXIT.done);
        expect(lives[0]).toMatchObject({ echoed: sent.length + 2 });
        const first = back.findIndex((byte) => byte !== asks);
        expect(back.subarray(first, first + sent.length).equals(sent.map((byte) => byte ^ 0x20))).toBe(true);
      } finally {
        server.close();
      }
    });

    test('with a simulator, time stands while the node works and advances on request, and the link uses the same channel', async () => {
      const folder = bench.folder();
      const clock = new VirtualClock();
      const { a, b } = transportPair(clock, { delayMs: 1234 });
      const received: unknown[] = [];
      a.onData((bytes) => received.push([clock.nowUs() / 1000, Buffer.from(bytes).toString()]));
      const sent = Uint8Array.from({ length: 3000 }, (_, i) => i % 251);
      const sim = new SimClock({
        ...{ folder, clock, transport: b, sensors: [] },
        onHello: (board) => received.push(board),
        onDebug: (line) => received.push(line),
        onTap: (tap, data) => received.push([tap, [...data]]),
      });
      try {
        const node = await bench.start('simulator', { folder, options: ['clock=virtual', 'side=1'], icount: qemu });
        a.write(sent);
        const turns = sim.runUntil(10_000_000).catch(() => {});
        const { code, lives } = lifeOf(await node.ended);
        sim.fail(new MoteError('NODE_ENDED', 'the node ended'));
        await turns;
        expect(code).toBe(NODE_EXIT.done);
        // More than the node has room for at once: it accepts the rest when it sleeps again.
        const sum = sent.reduce((total, byte) => total + byte, 0);
        expect(lives[0]).toMatchObject({ count: 3000, sum, woke: 1_234_000, slept: 5_000_000, asleep: 5_000_000 });
        expect(received).toEqual([name, 'a line', ['tap', [1, 2, 3]], [1234, 'out\0']]);
      } finally {
        sim.close();
      }
    });

    test('a driver reads the samples of a simulator, and zeros without one', async () => {
      const folder = bench.folder();
      const source = {
        ...{ rateMilliHz: 26_667, channels: 3, length: null },
        read: (index: number, out: Int16Array) =>
          out.forEach((_, i) => {
            out[i] = i === 0 ? -32_000 : index + Math.floor(i / 3);
          }),
      };
      const sim = new SimClock({ folder, clock: new VirtualClock(), sensors: [source] });
      try {
        const { lives } = await bench.run('sensors', { folder, options: ['side=1', 'sensor=accel:26667:3:64'] });
        const expected = new Int16Array(64 * 3);
        source.read(5, expected);
        expect(lives[0]).toMatchObject({ sum: 1_000_000 + expected.reduce((total, value) => total + value, 0) });
      } finally {
        sim.close();
      }
    });

    test('a reset is reported as the reason of a start', async () => {
      const { code, lives } = await bench.run('reset');
      expect(code).toBe(NODE_EXIT.done);
      expect(lives.map(({ boot, kind }) => [boot, kind])).toEqual([
        [BOOT.power, 0],
        [BOOT.software, 0],
      ]);
    });

    test('the watchdog restarts a node that hangs, even in calls of the host, and no node that feeds it', async () => {
      const { code, lives } = await bench.run('watchdog', qemu ? { icount: true } : { options: ['slow=1'] });
      expect(code).toBe(NODE_EXIT.done);
      expect(lives).toHaveLength(2);
      expect(lives[0]).toMatchObject({ boot: BOOT.power, fed: 1 });
      expect(lives[1]).toMatchObject({ boot: BOOT.watchdog, kind: WATCHDOG_KIND[name] ?? 2 });
      expect(lives[1]!.pc).toBeGreaterThan(0);
    });

    test('a store to an unmapped address faults and is recorded', async () => {
      const { code, lives } = await bench.run('store');
      expect(code).toBe(NODE_EXIT.done);
      expect(lives).toHaveLength(2);
      expect(lives[1]).toMatchObject({ boot: BOOT.fault, kind: kinds.store, address: bench.faultAddress });
      expect(lives[1]!.pc).toBeGreaterThan(0);
    });

    // A process has neither memory protection nor devices, so tests of these run only on boards.
    if (kinds.flashStore !== null)
      test('a store to flash faults', async () => {
        const { lives } = await bench.run('flash-store');
        expect(lives[1]).toMatchObject({ boot: BOOT.fault, kind: kinds.flashStore, address: board.flash.origin });
      });

    test('an invalid instruction is recorded', async () => {
      const { lives } = await bench.run('illegal');
      expect(lives[1]).toMatchObject({ boot: BOOT.fault, kind: kinds.illegal });
      expect(lives[1]!.pc).toBeGreaterThan(0);
    });

    test('a stack overflow faults below the floor and damages nothing else', async () => {
      const { code, lives } = await bench.run('overflow');
      expect(code).toBe(NODE_EXIT.done);
      expect(lives).toHaveLength(2);
      expect(lives[1]).toMatchObject({ boot: BOOT.fault, kind: kinds.overflow });
      if (board.memory === null) return;
      const { ram } = board.memory;
      expect(lives[1]!.address).toBeLessThan(ram.origin);
      expect(lives[1]!.address).toBeGreaterThanOrEqual(ram.origin - 512);
    });

    if (qemu)
      test("makes no access to a device that QEMU doesn't know", async () => {
        for (const what of ['time', 'flash', 'watchdog', 'reset']) {
          const folder = bench.folder();
          const log = join(folder, 'qemu.log');
          const qemuArgs = ['-d', 'guest_errors,unimp', '-D', log];
          expect(await bench.run(what, { folder, icount: true, qemuArgs })).toMatchObject({ code: NODE_EXIT.done });
          const lines = readFileSync(log, 'utf8').split('\n');
          expect(lines.filter((line) => line !== '' && !QEMU_NOTICE.test(line))).toEqual([]);
        }
      });

    if (board.memory !== null)
      test('gets the size of its RAM, and has no byte more', async () => {
        const { ram } = board.memory!;
        const ramBytes = (ram.bytes * 5) / 8;
        const nowhere = ram.origin + ramBytes;
        const { elf } = await buildSelftest(board, { ramBytes, defines: { FAULT_ADDRESS: nowhere } });
        const at = async (what: string) => {
          const node = await startNode(board, elf, { folder: bench.folder(), options: [`do=${what}`] });
          return (await node.ended).output;
        };
        const heap = Number(/heap (\d+)/.exec(await at('memory'))![1]);
        expect(heap).toBeLessThan(ramBytes);
        expect(heap).toBeGreaterThan(ramBytes / 2);
        expect(await at('store')).toContain(`address ${nowhere}\n`);
      });
  });
}
