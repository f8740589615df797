/**
 * Drivers of ports in emulators whose chip has devices of the same kind: an nRF51 has the nRF52840's UART, timer,
 * random number generator, flash controller and reset; an STM32F405 has the STM32F429's UART. This doesn't run the port
 * itself, because no emulator here has its chip.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, describe, expect, it } from 'vitest';
import { packagePath } from '../../host/base/index.ts';
import { type Board, buildImage, findTool, loadBoard } from '../../host/toolchain/board/index.ts';

const missing = await Promise.all([findTool('arm-none-eabi'), findTool('qemu-system-arm')]).then(
  () => '',
  (error: Error) => error.message,
);
if (missing) process.stderr.write(`ports: skipped: ${missing}\n`);

const common = ['platform/bare', 'arch/cortex-m/startup.c', 'platform/hardware'];

/** Returns a board for the emulator, with some files of a port. */
function emulated(port: string, folder: string, files: string[], change: Partial<Board>): Board {
  const sources = [...common, ...files.map((file) => `targets/${port}/${file}`)];
  return { ...loadBoard(port), name: `../../tests/ports/${folder}`, sources, ...change };
}

const microbit = emulated('nrf52840', 'microbit', ['board.c', 'flash.c', 'saadc.c'], {
  cpu: { core: 'cortex-m0', toolchain: 'arm-none-eabi', flags: ['-mcpu=cortex-m0', '-mthumb'], simd: false },
  memory: {
    firmware: { origin: 0, bytes: 0x20000 },
    ram: { origin: 0x20000000, bytes: 0x4000 },
    stackBytes: 2048,
    irqStackBytes: 512,
  },
  flash: { origin: 0x20000, bytes: 0x20000, page: 1024, write: 4 },
});
const netduinoplus2 = emulated(
  'stm32f4',
  'netduinoplus2',
  ['board.c', 'flash.c', 'adc.c', '../../arch/cortex-m/protect.c'],
  {},
);

/** A running image: receives letters, prints lines. */
class Emulator {
  readonly process: ChildProcess;
  #text = '';
  #received: () => void = () => {};

  constructor(machine: string, elf: string) {
    this.process = spawn('qemu-system-arm', ['-M', machine, '-display', 'none', '-serial', 'stdio', '-kernel', elf]);
    this.process.stdout!.setEncoding('latin1').on('data', (text: string) => {
      this.#text += text;
      this.#received();
    });
  }

  /** Returns the output until a line that begins with `start`. */
  async line(start: string): Promise<string> {
    for (;;) {
      const lines = this.#text.split('\n');
      const at = lines.slice(0, -1).findIndex((line) => line.startsWith(start));
      if (at >= 0) {
        this.#text = lines.slice(at + 1).join('\n');
        return lines[at]!;
      }
      await new Promise<void>((resolve) => {
        this.#received = resolve;
      });
    }
  }

  async ask(letter: string): Promise<number[]> {
    this.process.stdin!.write(letter);
    return (await this.line(letter)).split(' ').slice(1).map(Number);
  }

  async end(): Promise<void> {
    const ended = once(this.process, 'exit');
    this.process.kill();
    await ended;
  }
}

async function start(board: Board, machine: string): Promise<Emulator> {
  const sources = [packagePath('tests', 'ports', 'drivers.c')];
  const { elf } = await buildImage(board, { image: { name: 'drivers', sources, components: [] } });
  const emulator = new Emulator(machine, elf);
  await emulator.line('ready');
  return emulator;
}

describe.skipIf(missing)('the nRF52840 port on an nRF51 in QEMU', () => {
  let emulator: Emulator;
  afterAll(() => emulator?.end());

  it('starts, and answers over its UART', async () => {
    emulator = await start(microbit, 'microbit');
    expect(await emulator.ask('b')).toEqual([0, 0, 1, 0]);
  });

  it('has different random numbers', async () => {
    const [one, two] = await emulator.ask('n');
    expect(one).not.toBe(two);
  });

  it('sleeps until the requested time', async () => {
    const [us, asleepUs] = await emulator.ask('s');
    expect(us).toBeGreaterThanOrEqual(20_000);
    expect(asleepUs).toBeGreaterThan(15_000);
    expect(asleepUs).toBeLessThanOrEqual(us!);
  });

  it('erases and programs its flash, and detects what could not be programmed', async () => {
    expect(await emulator.ask('f')).toEqual([0]);
  });

  it('reports a requested restart as such, and the kind of a fault after it', async () => {
    emulator.process.stdin!.write('r');
    await emulator.line('rready');
    expect(await emulator.ask('b')).toEqual([1, 0, 2, 0]);
    emulator.process.stdin!.write('x');
    await emulator.line('xready');
    const [reason, kind, starts, pc] = await emulator.ask('b');
    expect([reason, kind, starts]).toEqual([3, 3, 3]);
    // An address in the code, from the frame on the stack.
    expect(pc! > 0xc0 && pc! < 0x2000 && pc! % 2 === 0, `pc ${pc}`).toBe(true);
  });
});

describe.skipIf(missing)('the STM32F429 port on an STM32F405 in QEMU', () => {
  let emulator: Emulator;
  afterAll(() => emulator?.end());

  it('starts, answers over its UART, and restarts', async () => {
    emulator = await start(netduinoplus2, 'netduinoplus2');
    expect(await emulator.ask('b')).toEqual([0, 0, 1, 0]);
    emulator.process.stdin!.write('r');
    await emulator.line('rready');
    expect(await emulator.ask('b')).toEqual([1, 0, 2, 0]);
  });
});
