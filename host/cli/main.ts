#!/usr/bin/env node
/** Runs `mote` and turns what happens into an exit code. */
import { CommanderError } from 'commander';
import { MoteError } from '../base/index.ts';
import { createProgram } from './program.ts';
import { Exit, reportError } from './shared/terminal.ts';

// Who reads our output may have seen enough, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? Exit.ok);
  throw error;
});

const json = process.argv.includes('--json');
const words = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const command = words[0] === 'help' ? words[1] : words[0];
try {
  const program = await createProgram(command ?? '');
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
