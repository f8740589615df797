/** The program `mote`: one file a command, registered here in the order in which a user meets them. */
import { Command } from 'commander';
import { packageVersion } from '../base/index.ts';
import { registerBoard } from './board.ts';
import { registerBuild } from './build.ts';
import { registerDemo } from './demo.ts';
import { registerDoctor } from './doctor.ts';
import { registerFlash } from './flash.ts';
import { registerKey } from './key.ts';
import { registerModel } from './model.ts';
import { registerMonitor } from './monitor.ts';
import { registerNew } from './new.ts';
import { registerPackage } from './package.ts';
import { registerPush } from './push.ts';
import { registerRun } from './run.ts';
import { Exit } from './shared/terminal.ts';
import { registerShim } from './shim.ts';
import { registerSim } from './sim.ts';

/** What a program that calls `mote` may rely on. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [Exit.ok, 'success'],
  [Exit.failed, 'negative result (outputs differ, a module rolled back)'],
  [Exit.usage, 'wrong use or input'],
  [Exit.defect, 'defect of moteware'],
  [Exit.interrupted, 'demo interrupted by Ctrl-C'],
];

/** Subcommands copy exitOverride only when they are made after it; this makes all alike. */
function override(command: Command): void {
  command.exitOverride();
  command.commands.forEach(override);
}

export function createProgram(): Command {
  const program = new Command('mote')
    .description('Firmware logic and int8 models in TypeScript, shipped to microcontrollers as signed WebAssembly.')
    .version(packageVersion())
    .showHelpAfterError('(mote --help lists the commands)')
    .addHelpText('after', `\nExit codes: ${EXIT_CODES.map(([code, meaning]) => `${code} ${meaning}`).join(', ')}.`);
  registerNew(program);
  registerBuild(program);
  registerSim(program);
  registerRun(program);
  registerShim(program);
  registerPush(program);
  registerBoard(program);
  registerFlash(program);
  registerMonitor(program);
  registerKey(program);
  registerPackage(program);
  registerModel(program);
  registerDoctor(program);
  registerDemo(program);
  override(program);
  return program;
}
