/** How an image gets onto a real board: by programs of others, or as a file on a bootloader's drive. */
import { spawn } from 'node:child_process';
import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { MoteError } from '../../base/index.ts';
import { hex32, type Image, toBinary, type Uf2Family, writeHex, writeUf2 } from '../board/index.ts';
import { BOOTLOADER, checkTool, type Drive, readDrive, TOOLS, type Tool } from '../doctor/index.ts';

export const FORMATS = ['hex', 'uf2', 'bin'] as const;
export type Format = (typeof FORMATS)[number];

export interface FlashStep {
  /** The command line to show; for a program, also the one that is run. */
  command: string[];
  run(): Promise<void>;
}

/** The image as a file's bytes. UF2 needs the family. */
export function encodeImage(image: Image, format: Format, family?: Uf2Family): Uint8Array {
  if (format === 'hex') return Buffer.from(writeHex(image));
  if (format === 'bin') return toBinary(image).bytes;
  if (family !== undefined) return writeUf2(image, family);
  throw new MoteError('USAGE', 'This board has no UF2 bootloader; write its image as hex or bin.');
}

/** Throws `FLASH_TOOL` where the tool isn't installed. The error also names the way without it. */
export async function requireTool(tool: Tool, format: Format): Promise<void> {
  const { ok } = await checkTool(tool, true);
  if (ok) return;
  throw new MoteError(
    'FLASH_TOOL',
    `${tool.name} isn't installed; ${tool.get}. Without it, "--out FILE.${format}" writes the image for another programmer.`,
  );
}

function program(tool: Tool, args: string[]): FlashStep {
  const command = [tool.name, ...args];
  return {
    command,
    run: () =>
      new Promise((resolve, reject) => {
        // Its output goes to the user at once, on stderr: stdout may carry JSON.
        const child = spawn(tool.name, args, { stdio: ['inherit', process.stderr, process.stderr] });
        child.once('error', (cause: Error) =>
          reject(new MoteError('FLASH_TOOL', `${tool.name} can't be started: ${cause.message}.`, { cause })),
        );
        child.once('close', (code, signal) => {
          if (code === 0) resolve();
          else
            reject(
              new MoteError(
                'FLASH_FAILED',
                `"${command.join(' ')}" ended with ${signal ?? `code ${code}`}; its output is above. Is the board connected and powered?`,
              ),
            );
        });
      }),
  };
}

/** Writes the image's files into `folder` and returns the steps that use them. */
export function probeSteps(chip: string, image: Image, folder: string, probe: string | undefined): FlashStep[] {
  const file = join(folder, 'image.hex');
  writeFileSync(file, encodeImage(image, 'hex'));
  const which = ['--chip', chip, '--non-interactive', ...(probe === undefined ? [] : ['--probe', probe])];
  // Keep the rest of a sector that the image fills only in part: it may hold data of the node.
  const download = ['download', ...which, '--restore-unwritten', '--verify', '--binary-format', 'hex', file];
  return [program(TOOLS.probeRs, download), program(TOOLS.probeRs, ['reset', ...which])];
}

/** `base`: where flash begins in the image's addresses. */
export function esptoolSteps(
  { chip, base }: { chip: string; base: number },
  image: Image,
  folder: string,
  port: string | undefined,
): FlashStep[] {
  const parts = image.segments.flatMap(({ address, bytes }) => {
    const at = address - base;
    if (at < 0) throw new MoteError('IMAGE', `The image has bytes at ${hex32(address)}, before the chip's flash.`);
    const file = join(folder, `part-${at.toString(16)}.bin`);
    writeFileSync(file, bytes);
    return [`0x${at.toString(16)}`, file];
  });
  const where = port === undefined ? [] : ['--port', port];
  return [program(TOOLS.esptool, ['--chip', chip, ...where, '--baud', '460800', 'write-flash', ...parts])];
}

export function driveSteps(name: string, file: Uint8Array, drive: Pick<Drive, 'path'>): FlashStep[] {
  const to = join(drive.path, `${name.toUpperCase()}.UF2`);
  return [
    {
      command: ['copy', basename(to), drive.path],
      async run() {
        try {
          const handle = openSync(to, 'w');
          try {
            writeFileSync(handle, file);
            fsyncSync(handle);
          } finally {
            closeSync(handle);
          }
        } catch (cause) {
          // The bootloader restarts when it has the last block, so a drive that disappears means success.
          if (readDrive(drive.path) === null) return;
          throw new MoteError('FLASH_FAILED', `${to} can't be written: ${(cause as Error).message}.`, { cause });
        }
      },
    },
  ];
}

/** The drive that was named, or the only one that fits. Throws `FLASH_DRIVE` with what to do. */
export function chooseDrive(wanted: string | undefined, begins: string, drives: () => Drive[]): Drive {
  const fits = ({ board }: Drive) => board.startsWith(begins);
  if (wanted !== undefined) {
    const drive = readDrive(wanted);
    if (drive === null)
      throw new MoteError('FLASH_DRIVE', `${wanted} has no INFO_UF2.TXT, so it isn't the drive of a UF2 bootloader.`);
    if (fits(drive)) return drive;
    throw new MoteError(
      'FLASH_DRIVE',
      `${wanted} is the drive of ${drive.board || 'another board'} (${drive.model}); the Board-ID of this board begins with "${begins}".`,
    );
  }
  const [drive, second] = drives().filter(fits);
  if (drive === undefined)
    throw new MoteError(
      'FLASH_DRIVE',
      `No drive of this board's bootloader is mounted (Board-ID ${begins}...). To get one, ${BOOTLOADER}; then mount it or name it with --drive. "--out FILE.uf2" writes the image to a file instead.`,
    );
  if (second !== undefined)
    throw new MoteError('FLASH_DRIVE', `Several drives match: ${drive.path}, ${second.path}; select one with --drive.`);
  return drive;
}
