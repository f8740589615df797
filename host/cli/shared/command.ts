/** What all commands share: `--json`, examples in `--help`, errors as exit codes. */
import type { Command } from 'commander';
import { MoteError } from '../../base/index.ts';
import { Exit, openTerminal, reportError, type Terminal } from './terminal.ts';

export interface CommandSpec<Args extends (string | string[] | undefined)[], Options> {
  /** Name and arguments in commander's form, such as `push <package>`. */
  usage: string;
  description: string;
  options?: [flags: string, description: string, fallback?: string][];
  examples: string[];
  /** When the command ends with exit code 1, as a sentence; absent when it never does. */
  failure?: string;
  /** Returns the exit code; undefined is 0. */
  run(context: { terminal: Terminal; options: Options; args: Args }): Promise<number | undefined>;
}

export function addCommand<Args extends (string | string[] | undefined)[], Options = Record<string, never>>(
  parent: Command,
  spec: CommandSpec<Args, Options>,
): Command {
  const command = parent.command(spec.usage).description(spec.description);
  for (const [flags, description, fallback] of spec.options ?? []) {
    const repeats = flags.includes('...');
    if (repeats) command.option(flags.replace('...', ''), description, (value, list: string[]) => [...list, value], []);
    else command.option(flags, description, fallback);
  }
  command.option('--json', 'print JSON instead of text');
  command.addHelpText('after', `\nExamples:\n${spec.examples.map((line) => `  $ ${line}`).join('\n')}`);
  if (spec.failure !== undefined) command.addHelpText('after', `\nExit code 1: ${spec.failure}`);
  command.action(async (...given: unknown[]) => {
    const options = given.at(-2) as Options & { json?: boolean };
    const args = given.slice(0, -2) as Args;
    const terminal = openTerminal(options.json === true);
    try {
      process.exitCode = (await spec.run({ terminal, options, args })) ?? Exit.ok;
    } catch (error) {
      process.exitCode = reportError(error, terminal.json);
    }
  });
  return command;
}

/** An integer option within bounds. */
export function integer(text: string, name: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new MoteError('USAGE', `--${name} takes an integer from ${min} to ${max}; got "${text}".`);
}

/** JSON as a user writes it on a command line. */
export function json(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = (cause as Error).message;
    throw new MoteError('USAGE', `${name} takes JSON, such as '{"value": 3}'; got ${text}: ${why}.`, { cause });
  }
}

/** One of a few words. */
export function choice<T extends string>(text: string, name: string, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  throw new MoteError('USAGE', `--${name} is one of ${words.join(', ')}; got "${text}".`);
}

/** `name=value` pairs of a repeated option. */
export function pairs(list: string[], name: string): [string, string][] {
  return list.map((text) => {
    const at = text.indexOf('=');
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
    throw new MoteError('USAGE', `${name} takes name=value; got "${text}".`);
  });
}

/** The settings of a repeated `--set name=value`: int32. */
export function settings(list: string[]): Record<string, number> {
  return Object.fromEntries(
    pairs(list, '--set').map(([name, value]) => [name, integer(value, `set ${name}`, -(2 ** 31), 2 ** 31 - 1)]),
  );
}

/** Resolves on Ctrl-C or SIGTERM, so that a command can close what it has opened. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}
