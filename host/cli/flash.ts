/** `mote flash`: a board's firmware, with a node's identity and first module in it, onto a real board or into a file. */
import type { Command } from 'commander';
import { formatBytes, MoteError } from '../base/index.ts';
import { hex32 } from '../toolchain/board/index.ts';
import { type FlashResult, FORMATS, type Format, flashBoard, type NodePlan } from '../toolchain/flash/index.ts';
import { addCommand, choice } from './shared/command.ts';
import { secondsText, showBuild, showFirmware } from './shared/progress.ts';
import { Exit, type Terminal } from './shared/terminal.ts';

interface FlashCommandOptions {
  node?: string;
  key?: string;
  trust?: string;
  by?: string;
  port?: string;
  probe?: string;
  drive?: string;
  image?: string;
  out?: string;
  format?: string;
  dryRun?: boolean;
}

/** The format that was named, or that the file's ending names, else hex. */
function formatOf({ format, out }: FlashCommandOptions): Format {
  if (format !== undefined && out === undefined) throw new MoteError('USAGE', '--format is the format of --out FILE.');
  const guessed = FORMATS.find((one) => out?.toLowerCase().endsWith(`.${one}`));
  return choice(format ?? guessed ?? 'hex', 'format', FORMATS);
}

function nodeText({ node: { id }, trusted, app }: NodePlan): string {
  if (app === null) return `node ${id} without a module, trusts ${trusted}`;
  return `node ${id} with ${app.name} ${app.version}, sequence ${app.sequence}, trusts ${trusted}`;
}

async function flash(board: string, app: string | undefined, options: FlashCommandOptions, terminal: Terminal) {
  const { node, by, port, probe, drive, image, out } = options;
  const format = formatOf(options);
  const dryRun = options.dryRun === true;
  const result = await flashBoard(
    {
      board,
      app,
      node,
      keyFile: options.key,
      trustFile: options.trust,
      by,
      port,
      probe,
      drive,
      image,
      out: out === undefined ? undefined : { path: out, format },
      dryRun,
    },
    {
      ...showBuild(terminal),
      ...showFirmware(terminal),
      onFirmware({ board, bytes, seconds }) {
        const took = terminal.paint('dim', secondsText(seconds));
        terminal.line(`firmware of ${board}: ${formatBytes(bytes)}   ${took}`);
      },
      onImage({ node, parts }) {
        const alone = image ?? 'firmware alone: the node keeps its name, keys and modules';
        terminal.line(node === null ? alone : nodeText(node));
        for (const { address, bytes } of parts) terminal.line(`  ${hex32(address)}  ${formatBytes(bytes)}`);
      },
      onStep: (command) => terminal.line(terminal.paint('dim', `$ ${command.join(' ')}`)),
    },
  );
  report(terminal, result, out === undefined ? null : { path: out, format }, dryRun);
  return Exit.ok;
}

function report(
  terminal: Terminal,
  result: FlashResult,
  out: { path: string; format: Format } | null,
  dryRun: boolean,
) {
  const { board, node, parts, fileBytes, steps, missing, filesFolder } = result;
  const facts = { board, node, parts };
  if (out !== null) {
    const { path, format } = out;
    terminal.data({ ...facts, out: path, format, bytes: fileBytes, written: !dryRun });
    terminal.line(`${dryRun ? 'would write' : 'wrote'} ${path}, ${formatBytes(fileBytes ?? 0)}`);
    return;
  }
  terminal.data({ ...facts, steps, done: !dryRun, missing });
  if (!dryRun) return terminal.line(`${terminal.paint('green', 'flashed')}; "mote monitor PORT" shows what it says`);
  if (missing !== null) terminal.line(`${terminal.paint('yellow', 'missing')} ${missing}`);
  const files = filesFolder === null ? '' : `; the commands' files are kept in ${filesFolder}`;
  terminal.line(`nothing was done: --dry-run${files}`);
}

export function registerFlash(program: Command): void {
  addCommand<[string, string?], FlashCommandOptions>(program, {
    usage: 'flash <board> [app]',
    description:
      "Builds a board's firmware and puts it on the board. With an app (folder or .mote) one image makes a working node: its name, the key that it trusts and its first module go along. Without, the node keeps what it has.",
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
