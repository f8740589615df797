/** `mote build`: an app's folder becomes a module and its rom, and a signed package when there is a key. */
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { formatBytes } from '../base/index.ts';
import { writeApp } from '../toolchain/app/index.ts';
import { memoryWarning } from '../toolchain/board/index.ts';
import { addCommand, integer, settings } from './shared/command.ts';
import { showBuild, showWarning } from './shared/progress.ts';
import { table } from './shared/terminal.ts';

export function registerBuild(program: Command): void {
  addCommand<[string?], { key?: string; out?: string; sequence?: string; appVersion?: string; set: string[] }>(
    program,
    {
      usage: 'build [app]',
      description:
        'Builds an app: compiles its models and TypeScript to NAME.wasm and NAME.rom. With a key it also writes the signed package NAME.mote.',
      options: [
        ['-k, --key <file>', 'private key that signs the package; default: release.pem if it exists'],
        ['-o, --out <dir>', 'output folder; default: build/ in the app'],
        ['--sequence <n>', 'release number instead of that in mote.json, such as a build number'],
        ['--app-version <version>', 'version instead of that in mote.json'],
        ['--set <name=value...>', 'default value of a setting, instead of that in mote.json'],
      ],
      examples: [
        'mote build',
        'mote build assembly/apps/keyword --out /tmp/keyword',
        'mote build . --key release.pem --json',
      ],
      async run({ terminal, options, args: [path = '.'] }) {
        const { key, sequence, appVersion, set } = options;
        const folder = options.out ?? join(path, 'build');
        const manifest = {
          ...(sequence !== undefined && { sequence: integer(sequence, 'sequence', 1, 0xffff_ffff) }),
          ...(appVersion !== undefined && { version: appVersion }),
          config: settings(set),
        };
        const { app, files, signed } = await writeApp(path, { keyFile: key, folder, manifest }, showBuild(terminal));
        const { name, version, memoryBytes } = app.metadata;
        const tooLarge = memoryWarning(memoryBytes);
        if (tooLarge !== null) showWarning(terminal, tooLarge);
        terminal.data({
          name,
          version,
          sequence: app.sequence,
          files,
          memoryBytes,
          warnings: [...app.warnings, ...(tooLarge === null ? [] : [tooLarge])],
          metadata: app.metadata,
        });
        const rows = files.map(({ path, bytes }) => [relative('.', path), formatBytes(bytes)]);
        for (const line of table([...rows, ['memory', formatBytes(memoryBytes)]], 'lr')) terminal.line(line);
        if (!signed)
          terminal.line(
            terminal.paint('dim', 'no package was written, because there is no key; "mote key new" creates one'),
          );
        return 0;
      },
    },
  );
}
