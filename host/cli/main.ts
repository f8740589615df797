#!/usr/bin/env node
/** `mote`: one file a command, registered here in the order in which a user meets them. */
import { Command, CommanderError } from 'commander';
import { MoteError, packageVersion } from '../base/index.ts';
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
import { registerShim } from './shim.ts';
import { registerSim } from './sim.ts';
import { Exit, reportError } from './terminal.ts';

const program = new Command('mote')
  .description('Firmware logic and int8 models in TypeScript, shipped to microcontrollers as signed WebAssembly.')
  .version(packageVersion())
  .showHelpAfterError('(mote --help lists the commands)')
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 the answer is no (differs, rolled back), 2 wrong use or input, 70 a defect of moteware.',
  )
  .exitOverride();

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

/** Subcommands copy exitOverride only when they are made after it; this makes all alike. */
function override(command: Command): void {
  command.exitOverride();
  command.commands.forEach(override);
}
override(program);

// Who reads our output may have seen enough, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? Exit.ok);
  throw error;
});

const json = process.argv.includes('--json');
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) process.exitCode = reportError(error, json);
  else if (error.exitCode === 0) process.exitCode = Exit.ok;
  else {
    // Commander has told a person already; a program reads stdout.
    if (json) reportError(new MoteError('USAGE', error.message.replace(/^error: /, '')), json);
    process.exitCode = Exit.usage;
  }
}
