/** `mote flash`: a board's firmware, with a node's identity and first module in it, onto a real board or into a file. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { MoteError } from '../base/index.ts';
import {
  type Board,
  type FlashMethod,
  hex32,
  type Image,
  joinSegments,
  loadBoard,
  type NewNode,
  nodeSegment,
  readElf,
  readHex,
  readUf2,
} from '../toolchain/board/index.ts';
import { buildAgent } from './board-node.ts';
import { addCommand, choice } from './command.ts';
import { type NodeOptions, newNode } from './flash-node.ts';
import {
  chooseDrive,
  driveSteps,
  encodeImage,
  esptoolSteps,
  type FlashStep,
  FORMATS,
  probeSteps,
  requireTool,
} from './flash-steps.ts';
import { readInput } from './package.ts';
import { Exit, formatBytes, type Terminal } from './terminal.ts';
import { TOOLS, uf2Drives } from './tools.ts';

interface FlashOptions extends NodeOptions {
  by?: string;
  port?: string;
  probe?: string;
  drive?: string;
  image?: string;
  out?: string;
  format?: string;
  dryRun?: boolean;
}

const TOOL_OF = { port: 'esptool', probe: 'probe-rs', drive: 'uf2' } as const;

/** The way that was asked for, by name or by what only it takes; else the board's best. */
function chooseMethod({ name, run, flashing }: Board, options: FlashOptions): FlashMethod {
  const [first] = flashing;
  if (first === undefined)
    throw new MoteError(
      'FLASH_NONE',
      `${name} is not flashed: ${run === null ? 'its board.json names no way' : `it runs on this machine, with "mote run --board ${name}"`}. --out writes its image to a file.`,
    );
  const named = (Object.keys(TOOL_OF) as (keyof typeof TOOL_OF)[]).find((option) => options[option] !== undefined);
  const by = options.by ?? (named && TOOL_OF[named]);
  if (by === undefined) return first;
  const method = flashing.find(({ tool }) => tool === by);
  if (method !== undefined) return method;
  const tools = flashing.map(({ tool }) => tool).join(' or ');
  throw new MoteError('USAGE', `${name} is flashed by ${tools}, not by ${by}.`);
}

/** An image that was written before, by --out or by a linker. Throws what its format's reader throws. */
function readImage(path: string): Image {
  const bytes = readInput(path, 'The image');
  const begin = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  if (begin === '\x7fELF') return readElf(bytes);
  if (begin === 'UF2\n') return readUf2(bytes);
  if (begin.startsWith(':')) return readHex(Buffer.from(bytes).toString('latin1'));
  throw new MoteError('IMAGE', `${path} is no ELF, Intel HEX or UF2 file; a raw binary doesn't say where it belongs.`);
}

/** Every part must lie in the board's flash: another board's image is a mistake. */
function checkPlace({ name, memory, flash }: Board, { segments }: Image): void {
  const parts = [memory!.firmware, { origin: flash.origin ?? 0, bytes: flash.bytes }];
  for (const { address, bytes } of segments) {
    const inside = parts.some(
      ({ origin, bytes: size }) => address >= origin && address + bytes.length <= origin + size,
    );
    if (!inside)
      throw new MoteError('IMAGE', `The image has bytes at ${hex32(address)}, where ${name} has no flash for them.`);
  }
}

/** Firmware and node as one image. */
async function makeImage(board: Board, node: NewNode | null, terminal: Terminal): Promise<Image> {
  const { elf, seconds } = await buildAgent(board, terminal);
  const firmware = readElf(readFileSync(elf));
  const bytes = firmware.segments.reduce((sum, segment) => sum + segment.bytes.length, 0);
  terminal.line(`firmware of ${board.name}: ${formatBytes(bytes)}   ${terminal.paint('dim', seconds)}`);
  if (node === null) return firmware;
  return { ...firmware, segments: joinSegments([...firmware.segments, nodeSegment(board, node)]) };
}

interface Plan {
  /** What the way needs and isn't there; null: nothing. */
  missing: MoteError | null;
  /** How the image gets onto the board; what programs are given is written into the folder. */
  steps(image: Image, folder: string): FlashStep[];
}

async function planOf(board: Board, options: FlashOptions): Promise<Plan> {
  const method = chooseMethod(board, options);
  switch (method.tool) {
    case 'probe-rs':
      return {
        missing: await errorOf(() => requireTool(TOOLS.probeRs, 'hex')),
        steps: (image, folder) => probeSteps(method.chip, image, folder, options.probe),
      };
    case 'esptool': {
      // Where the firmware begins in the image's addresses is `address` in the chip's flash.
      const base = (board.memory?.firmware.origin ?? 0) - method.address;
      return {
        missing: await errorOf(() => requireTool(TOOLS.esptool, 'bin')),
        steps: (image, folder) => esptoolSteps({ chip: method.chip, base }, image, folder, options.port),
      };
    }
    default: {
      let drive = { path: options.drive ?? method.volume };
      const missing = await errorOf(() => {
        drive = chooseDrive(options.drive, method.volume, uf2Drives);
      });
      return {
        missing,
        steps: (image) => driveSteps(board.name, encodeImage(image, 'uf2', method.family), drive),
      };
    }
  }
}

/** What is wrong, as a value: a dry run goes on and says it at its end. */
async function errorOf(check: () => void | Promise<void>): Promise<MoteError | null> {
  try {
    await check();
    return null;
  } catch (error) {
    if (error instanceof MoteError) return error;
    throw error;
  }
}

function writeOut(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes);
  } catch (cause) {
    throw new MoteError('FILE', `${path} can't be written: ${(cause as Error).message}.`, { cause });
  }
}

async function flash(name: string, path: string | undefined, options: FlashOptions, terminal: Terminal) {
  const board = loadBoard(name);
  if (options.format !== undefined && options.out === undefined)
    throw new MoteError('USAGE', '--format is the format of --out FILE.');
  const guessed = FORMATS.find((one) => options.out?.toLowerCase().endsWith(`.${one}`));
  const whole = [path, options.node, options.key, options.trust].every((one) => one === undefined);
  if (options.image !== undefined && !whole)
    throw new MoteError('USAGE', '--image is a whole image: an app, a node or keys are not put into it.');
  const format = choice(options.format ?? guessed ?? 'hex', 'format', FORMATS);
  if (board.memory === null)
    throw new MoteError('FLASH_NONE', `${name} is a process on this machine and has no image: "mote run" starts it.`);
  const family = board.flashing.find((one) => one.tool === 'uf2')?.family;
  if (options.out !== undefined && format === 'uf2' && family === undefined)
    throw new MoteError('USAGE', `${name} has no UF2 bootloader; write its image as hex or bin.`);
  const dryRun = options.dryRun === true;
  const plan = options.out === undefined ? await planOf(board, options) : null;
  // Said before a build of many seconds.
  if (plan !== null && plan.missing !== null && !dryRun) throw plan.missing;
  const made = options.image === undefined ? await newNode(board, path, options, terminal) : null;
  const image =
    options.image === undefined ? await makeImage(board, made?.node ?? null, terminal) : readImage(options.image);
  checkPlace(board, image);
  const alone = options.image ?? 'firmware alone: the node keeps its name, keys and modules';
  terminal.line(made?.says ?? alone);
  const parts = image.segments.map(({ address, bytes }) => ({ address, bytes: bytes.length }));
  for (const { address, bytes } of parts) terminal.line(`  ${hex32(address)}  ${formatBytes(bytes)}`);
  const facts = { board: board.name, node: made?.node.id ?? null, parts };
  if (options.out !== undefined) {
    const bytes = encodeImage(image, format, family);
    if (!dryRun) writeOut(options.out, bytes);
    terminal.data({ ...facts, out: options.out, format, bytes: bytes.length, written: !dryRun });
    terminal.line(`${dryRun ? 'would write' : 'wrote'} ${options.out}, ${formatBytes(bytes.length)}`);
    return Exit.ok;
  }
  const folder = mkdtempSync(join(tmpdir(), 'mote-flash-'));
  let kept = false;
  try {
    const steps = plan!.steps(image, folder);
    // Commands that are only said can still be given by hand.
    kept = dryRun && readdirSync(folder).length > 0;
    for (const step of steps) {
      terminal.line(terminal.paint('dim', `$ ${step.command.join(' ')}`));
      if (!dryRun) await step.run();
    }
    const missing = plan!.missing?.message ?? null;
    terminal.data({ ...facts, steps: steps.map(({ command }) => command), done: !dryRun, missing });
    if (dryRun) {
      if (missing !== null) terminal.line(`${terminal.paint('yellow', 'missing')} ${missing}`);
      terminal.line(`nothing was done: --dry-run${kept ? `; the commands' files are kept in ${folder}` : ''}`);
    } else terminal.line(`${terminal.paint('green', 'flashed')}; "mote monitor PORT" shows what it says`);
    return Exit.ok;
  } finally {
    if (!kept) rmSync(folder, { recursive: true, force: true });
  }
}

export function registerFlash(program: Command): void {
  addCommand<[string, string?], FlashOptions>(program, {
    usage: 'flash <board> [app]',
    says: "Builds a board's firmware and puts it on the board. With an app (folder or .mote) one image makes a working node: its name, the key that it trusts and its first module go along. Without, the node keeps what it has.",
    options: [
      ['-n, --node <id>', "the node's name; default: the board's"],
      [
        '-k, --key <file>',
        'private key: signs the app, and the node trusts it; default: release.pem where there is one',
      ],
      ['--trust <file>', 'public key that the node trusts instead'],
      ['--by <tool>', 'probe-rs, esptool or uf2; default: the best that the board has'],
      ['--port <path>', 'serial port, for esptool'],
      ['--probe <vid:pid[:serial]>', 'debug probe, for probe-rs, where there are several'],
      ['--drive <dir>', "the bootloader's drive, for uf2; found by its INFO_UF2.TXT unless given"],
      ['--image <file>', 'this ELF, Intel HEX or UF2 file instead of what would be built'],
      ['-o, --out <file>', 'write the image to a file instead'],
      ['--format <format>', `${FORMATS.join(', ')}; default: by the file's ending, else hex`],
      ['--dry-run', "build, and only say what would be done; the commands' files are kept"],
    ],
    examples: [
      'mote flash nrf52840 . --node press-7',
      'mote flash rp2040 build/my-sensor.mote --drive /media/me/RPI-RP2',
      'mote flash nrf52840 . --node press-7 --out press-7.hex',
      'mote flash nrf52840 --image press-7.hex',
    ],
    run: ({ terminal, options, args: [board, path] }) => flash(board, path, options, terminal),
  });
}
