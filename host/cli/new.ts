/** `mote new`: a project of one's own, made from an app that ships with moteware. */
import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { createProject, prepareEditor, TEMPLATE_NAMES, TEMPLATES } from '../toolchain/app/index.ts';
import { addCommand, choice } from './shared/command.ts';

export function registerNew(program: Command): void {
  addCommand<[string], { template: string }>(program, {
    usage: 'new <folder>',
    description: `Creates a project for a sensor node. Templates: ${TEMPLATE_NAMES.map((n) => `${n} (${TEMPLATES[n].description})`).join('; ')}.`,
    options: [['-t, --template <name>', TEMPLATE_NAMES.join(' or '), 'vibration']],
    examples: ['mote new my-sensor && cd my-sensor && npm run sim', 'mote new door-bell --template keyword'],
    async run({ terminal, options, args: [folder] }) {
      const files = createProject(resolve(folder), choice(options.template, 'template', TEMPLATE_NAMES));
      await prepareEditor(resolve(folder));
      terminal.data({ folder: resolve(folder), files });
      terminal.line(`${terminal.paint('green', 'Created')} ${folder}: ${files.join(', ')}`);
      terminal.line(`Next: cd ${relative(process.cwd(), resolve(folder)) || '.'} && npm run sim`);
      return 0;
    },
  });
}
