/** `mote build`: an app's folder becomes a module and its rom, and a signed package when there is a key. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { findPrivateKey, loadApp, packageOf } from './app.ts';
import { addCommand, integer, settings } from './command.ts';
import { formatBytes, table } from './terminal.ts';

export function registerBuild(program: Command): void {
  addCommand<[string?], { key?: string; out?: string; sequence?: string; appVersion?: string; set: string[] }>(
    program,
    {
      usage: 'build [app]',
      says: 'Builds an app: models and TypeScript to NAME.wasm and NAME.rom, and with a key to the signed package NAME.mote.',
      options: [
        ['-k, --key <file>', 'private key that signs; default: release.pem where there is one'],
        ['-o, --out <dir>', 'where to write; default: build/ in the app'],
        ['--sequence <n>', 'in place of that of mote.json, such as a build number'],
        ['--app-version <version>', 'in place of that of mote.json'],
        ['--set <name=value...>', 'another default for a setting of mote.json'],
      ],
      examples: [
        'mote build',
        'mote build assembly/apps/keyword --out /tmp/keyword',
        'mote build . --key release.pem --json',
      ],
      async run({ terminal, options, args: [path = '.'] }) {
        const { sequence, appVersion, set } = options;
        const signer = findPrivateKey(options.key, path);
        const app = await loadApp(path, terminal, {
          ...(sequence !== undefined && { sequence: integer(sequence, 'sequence', 1, 0xffff_ffff) }),
          ...(appVersion !== undefined && { version: appVersion }),
          config: settings(set),
        });
        const dir = options.out ?? join(path, 'build');
        const { name, version, memoryBytes } = app.metadata;
        const files: [string, Uint8Array][] = [
          [`${name}.wasm`, app.wasm],
          [`${name}.rom`, app.rom],
        ];
        if (signer !== null) files.push([`${name}.mote`, packageOf(app, signer.key)]);
        mkdirSync(dir, { recursive: true });
        for (const [file, bytes] of files) writeFileSync(join(dir, file), bytes);
        terminal.data({
          name,
          version,
          sequence: app.sequence,
          files: files.map(([file, bytes]) => ({ path: join(dir, file), bytes: bytes.length })),
          memoryBytes,
          warnings: app.warnings,
          metadata: app.metadata,
        });
        const rows = files.map(([file, bytes]) => [relative('.', join(dir, file)), formatBytes(bytes.length)]);
        for (const line of table([...rows, ['memory', formatBytes(memoryBytes)]], 'lr')) terminal.line(line);
        if (signer === null)
          terminal.line(terminal.paint('dim', 'no package: there is no key. "mote key new" makes one.'));
        return 0;
      },
    },
  );
}
