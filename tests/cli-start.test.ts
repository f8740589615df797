/**
 * What a command loads before it does anything: only its own files, so that it starts fast, and without optional
 * packages.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { COMMANDS, createProgram } from '../host/cli/program.ts';
import { mote } from './program.ts';

/** Files that a run of `mote` loaded, from `node_modules/` or `host/` on; V8's coverage lists them. */
async function loaded(args: string[]): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'moteware-start-'));
  try {
    const { code } = await mote(args, dir, { NODE_V8_COVERAGE: dir });
    expect(code).toBe(0);
    const reports = readdirSync(dir).map((name) => JSON.parse(readFileSync(join(dir, name), 'utf8')));
    const urls: string[] = reports.flatMap(({ result }) => result.map(({ url }: { url: string }) => url));
    return urls.flatMap((url) => /(node_modules|host)\/.*$/.exec(url)?.[0] ?? []);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

it('lists the commands without loading any', async () => {
  const files = await loaded(['--help']);
  expect(files).toContain('host/cli/program.js');
  expect(files.filter((file) => !/^(node_modules\/commander|host\/base)\//.test(file)).sort()).toEqual([
    'host/cli/main.js',
    'host/cli/program.js',
    'host/cli/shared/terminal.js',
  ]);
});

it.each(COMMANDS.map(({ usage }) => usage.split(' ')[0]!))(
  'loads for %s neither a compiler nor a broker',
  async (name) => {
    const files = await loaded([name, '--help']);
    expect(files).toContain(`host/cli/${name}.js`);
    expect(files.filter((file) => /node_modules\/(assemblyscript|binaryen|aedes)\//.test(file))).toEqual([]);
  },
);

it('lists each command with the arguments that it has', async () => {
  const { commands } = await createProgram();
  const usages = commands.map((command) =>
    `${command.name()} ${command.usage().replace(/\[(options|command)\] ?/g, '')}`.trim(),
  );
  expect(usages).toEqual(COMMANDS.map(({ usage }) => usage));
});
