/** Builds a board's firmware and puts it on the board or into a file, with a node's identity and first module in it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MoteError, readInput, writeOutput } from '../../base/index.ts';
import type { BuildObserver } from '../app/index.ts';
import {
  type Board,
  buildAgent,
  type FirmwareObserver,
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
} from '../board/index.ts';
import { TOOLS, uf2Drives } from '../doctor/index.ts';
import { asksForNode, type NodeOptions, type NodePlan, planNode } from './new-node.ts';
import {
  chooseDrive,
  driveSteps,
  encodeImage,
  esptoolSteps,
  type FlashStep,
  type Format,
  probeSteps,
  requireTool,
} from './steps.ts';

export interface FlashOptions extends NodeOptions {
  board: string;
  /** probe-rs, esptool or uf2; default: the one that the next three options belong to, else the board's best. */
  by?: string | undefined;
  /** Serial port, for esptool. */
  port?: string | undefined;
  /** Debug probe, for probe-rs. */
  probe?: string | undefined;
  /** The bootloader's drive, for uf2. */
  drive?: string | undefined;
  /** A whole image to use instead of what would be built: ELF, Intel HEX or UF2. */
  image?: string | undefined;
  /** A file to write instead of a board. */
  out?: { path: string; format: Format } | undefined;
  /** Do everything but the last step. */
  dryRun: boolean;
}

export interface FlashObserver extends BuildObserver, FirmwareObserver {
  onFirmware?(firmware: { board: string; bytes: number; seconds: number }): void;
  /** The image is complete. `node` is null when it holds no node. */
  onImage?(image: { node: NodePlan | null; parts: ImagePart[] }): void;
  /** A step begins, or would begin in a dry run. */
  onStep?(command: string[]): void;
}

export interface ImagePart {
  address: number;
  bytes: number;
}

export interface FlashResult {
  board: string;
  /** The node's id; null when the image holds no node. */
  node: string | null;
  parts: ImagePart[];
  /** Size of the file; null when there was none to write. */
  fileBytes: number | null;
  steps: string[][];
  /** What a dry run found missing. */
  missing: string | null;
  /** Folder with the files of a dry run's commands. */
  filesFolder: string | null;
}

const TOOL_OF = { port: 'esptool', probe: 'probe-rs', drive: 'uf2' } as const;

/** The method that `by` names, or that a given option belongs to, else the board's best. */
function chooseMethod({ name, run, flashing }: Board, options: FlashOptions): FlashMethod {
  const [first] = flashing;
  if (first === undefined)
    throw new MoteError(
      'FLASH_NONE',
      `${name} can't be flashed: ${run === null ? 'its board.json names no method' : `it runs on this machine, with "mote run --board ${name}"`}. --out writes its image to a file.`,
    );
  const named = (Object.keys(TOOL_OF) as (keyof typeof TOOL_OF)[]).find((option) => options[option] !== undefined);
  const by = options.by ?? (named && TOOL_OF[named]);
  if (by === undefined) return first;
  const method = flashing.find(({ tool }) => tool === by);
  if (method !== undefined) return method;
  const tools = flashing.map(({ tool }) => tool).join(' or ');
  throw new MoteError('USAGE', `${name} can be flashed by ${tools}, not by ${by}.`);
}

/** Reads an image that --out or a linker has written. Throws `IMAGE`, and what the format's reader throws. */
function readImage(path: string): Image {
  const bytes = readInput(path, 'The image');
  const begin = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  if (begin === '\x7fELF') return readElf(bytes);
  if (begin === 'UF2\n') return readUf2(bytes);
  if (begin.startsWith(':')) return readHex(Buffer.from(bytes).toString('latin1'));
  throw new MoteError('IMAGE', `${path} isn't an ELF, Intel HEX or UF2 file; a raw binary contains no addresses.`);
}

/** Throws `IMAGE` unless every part lies in the board's flash, as with another board's image. */
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
async function makeImage(board: Board, node: NewNode | null, observer: FlashObserver): Promise<Image> {
  const { elf, seconds } = await buildAgent(board, observer);
  const firmware = readElf(readFileSync(elf));
  const bytes = firmware.segments.reduce((sum, segment) => sum + segment.bytes.length, 0);
  observer.onFirmware?.({ board: board.name, bytes, seconds });
  if (node === null) return firmware;
  return { ...firmware, segments: joinSegments([...firmware.segments, nodeSegment(board, node)]) };
}

interface Plan {
  /** What the method needs and this machine lacks; null: nothing. */
  missing: MoteError | null;
  /** How the image gets onto the board. Writes the programs' input files into the folder. */
  steps(image: Image, folder: string): FlashStep[];
}

async function planFlashing(board: Board, options: FlashOptions): Promise<Plan> {
  const method = chooseMethod(board, options);
  switch (method.tool) {
    case 'probe-rs':
      return {
        missing: await errorOf(() => requireTool(TOOLS.probeRs, 'hex')),
        steps: (image, folder) => probeSteps(method.chip, image, folder, options.probe),
      };
    case 'esptool': {
      // The firmware's origin in the image's addresses is `address` in the chip's flash.
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

/** The error of a check, as a value: a dry run continues and reports it at its end. */
async function errorOf(check: () => void | Promise<void>): Promise<MoteError | null> {
  try {
    await check();
    return null;
  } catch (error) {
    if (error instanceof MoteError) return error;
    throw error;
  }
}

/** Throws `USAGE`, `FLASH_...`, `IMAGE`, `FILE`, and what building the firmware and the app throws. */
export async function flashBoard(options: FlashOptions, observer: FlashObserver): Promise<FlashResult> {
  const { out, dryRun } = options;
  const board = loadBoard(options.board);
  const { name } = board;
  if (options.image !== undefined && asksForNode(options))
    throw new MoteError('USAGE', '--image is a whole image: an app, a node or keys are not put into it.');
  if (board.memory === null)
    throw new MoteError('FLASH_NONE', `${name} is a process on this machine and has no image: "mote run" starts it.`);
  const family = board.flashing.find((one) => one.tool === 'uf2')?.family;
  if (out?.format === 'uf2' && family === undefined)
    throw new MoteError('USAGE', `${name} has no UF2 bootloader; write its image as hex or bin.`);
  const plan = out === undefined ? await planFlashing(board, options) : null;
  // Reported before a build that takes seconds.
  if (plan !== null && plan.missing !== null && !dryRun) throw plan.missing;
  const made = options.image === undefined ? await planNode(board, options, observer) : null;
  const image =
    options.image === undefined ? await makeImage(board, made?.node ?? null, observer) : readImage(options.image);
  checkPlace(board, image);
  const parts = image.segments.map(({ address, bytes }) => ({ address, bytes: bytes.length }));
  observer.onImage?.({ node: made, parts });
  const result = { board: name, node: made?.node.id ?? null, parts };
  if (out !== undefined) {
    const bytes = encodeImage(image, out.format, family);
    if (!dryRun) writeOutput(out.path, bytes);
    return { ...result, fileBytes: bytes.length, steps: [], missing: null, filesFolder: null };
  }
  const folder = mkdtempSync(join(tmpdir(), 'mote-flash-'));
  let kept = false;
  try {
    const steps = plan!.steps(image, folder);
    // The commands of a dry run can be run by hand.
    kept = dryRun && readdirSync(folder).length > 0;
    for (const step of steps) {
      observer.onStep?.(step.command);
      if (!dryRun) await step.run();
    }
    return {
      ...result,
      fileBytes: null,
      steps: steps.map(({ command }) => command),
      missing: plan!.missing?.message ?? null,
      filesFolder: kept ? folder : null,
    };
  } finally {
    if (!kept) rmSync(folder, { recursive: true, force: true });
  }
}
