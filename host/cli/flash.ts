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
  product?: string;
  group?: string;
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
      product: options.product,
      group: options.group,
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
        const alone = image ?? 'firmware only: the node keeps its name, keys and modules';
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
  if (!dryRun) return terminal.line(`${terminal.paint('green', 'flashed')}; "mote monitor PORT" shows its reports`);
  if (missing !== null) terminal.line(`${terminal.paint('yellow', 'missing')} ${missing}`);
  const files = filesFolder === null ? '' : `; the files of the commands are in ${filesFolder}`;
  terminal.line(`nothing was written, because of --dry-run${files}`);
}

export function registerFlash(program: Command): void {
  addCommand<[string, string?], FlashCommandOptions>(program, {
    usage: 'flash <board> [app]',
    description:
      "Builds the firmware of a board and writes it to the board. With an app (a folder or a .mote file) the image is a complete node: it contains the node's name, the key that it trusts and its first module. Without an app the node keeps its flash.",
    options: [
      ['-n, --node <id>', 'name of the node; default: that of the board'],
      ['-k, --key <file>', 'private key that signs the app; the node trusts it; default: release.pem if it exists'],
      ['--trust <file>', 'public key that the node trusts instead of that of --key'],
      ['--product <class>', 'product class of the node; default: that of the app'],
      ['--group <name>', 'group of the node; default: that of the app'],
      ['--by <tool>', 'probe-rs, esptool or uf2; default: the first that the board supports'],
      ['--port <path>', 'serial port for esptool'],
      ['--probe <vid:pid[:serial]>', 'debug probe for probe-rs, if there are several'],
      ['--drive <dir>', 'drive of the bootloader for uf2; default: found by its INFO_UF2.TXT'],
      ['--image <file>', 'write this ELF, Intel HEX or UF2 file instead of building one'],
      ['-o, --out <file>', 'write the image to a file instead of the board'],
      ['--format <format>', `${FORMATS.join(', ')}; default: by the extension of the file, or hex`],
      ['--dry-run', 'build, and only print what would be done; keeps the files of the commands'],
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
