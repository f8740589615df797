/** The sidebar: the written pages by what a reader wants of them, then the generated references. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DefaultTheme } from 'vitepress';
import { sitePath } from './links.ts';

type Item = DefaultTheme.SidebarItem;

const SECTIONS: { text: string; pages: [text: string, path: string][] }[] = [
  {
    text: 'Start',
    pages: [
      ['What moteware is', 'README.md'],
      ['Getting started', 'docs/getting-started.md'],
      ['Glossary', 'docs/glossary.md'],
    ],
  },
  {
    text: 'Guides',
    pages: [
      ['Writing an app', 'docs/writing-an-app.md'],
      ['Running on boards', 'docs/running-on-boards.md'],
      ['Brokers', 'docs/brokers.md'],
      ['Porting to a board', 'docs/porting.md'],
      ['Models', 'models/README.md'],
    ],
  },
  {
    text: 'Reference',
    pages: [
      ['Commands', 'docs/cli.md'],
      ['Errors', 'docs/errors.md'],
      ['Limits', 'docs/LIMITS.md'],
      ['Module ABI', 'docs/ABI.md'],
      ['Formats', 'docs/SPEC.md'],
      ['Link', 'docs/spec/link.md'],
      ['MQTT', 'docs/spec/mqtt.md'],
      ['Package', 'docs/spec/package.md'],
      ['Flash', 'docs/spec/flash.md'],
      ['Node', 'docs/spec/node.md'],
      ['Boards', 'docs/boards.md'],
      ['Ports', 'docs/ports.md'],
      ['Native kernels', 'docs/kernels.md'],
    ],
  },
  {
    text: 'Design',
    pages: [
      ['Design', 'docs/DESIGN.md'],
      ['Architecture', 'docs/architecture.md'],
    ],
  },
  {
    text: 'Contributing',
    pages: [
      ['Contributing', 'CONTRIBUTING.md'],
      ['Changelog', 'CHANGELOG.md'],
    ],
  },
];

const link = (path: string): string => `/${sitePath(path).replace(/(index)?\.md$/, '')}`;

/** The pages of a generated reference, a group a folder. */
function reference(root: string, folder: string, text = ''): Item[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  const groups = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const index = `${folder}/${name}/index.md`;
      return {
        text: `${text}${name}`,
        collapsed: true,
        ...(existsSync(join(root, index)) ? { link: link(index) } : {}),
        items: reference(root, `${folder}/${name}`, name === 'namespaces' ? '' : `${text}${name}/`),
      };
    });
  const pages = entries
    .filter(({ name }) => name.endsWith('.md') && name !== 'index.md')
    .map(({ name }) => ({ text: `${text}${name.replace(/\.md$/, '')}`, link: link(`${folder}/${name}`) }));
  return [...groups, ...pages];
}

/** Throws when a page of `docs` is in no section, or a section names a page that doesn't exist. */
export function sidebar(root: string, generated: string): Item[] {
  const sections = SECTIONS.map(({ text, pages }) => ({
    text,
    items: pages
      .filter(([, path]) => existsSync(join(root, path)))
      .map(([name, path]): Item => ({ text: name, link: link(path) })),
  }));
  const references = [
    { text: 'SDK', folder: `${generated}/reference/sdk` },
    { text: 'TypeScript API', folder: `${generated}/reference/typescript` },
  ].map(({ text, folder }) => ({
    text,
    collapsed: true,
    link: link(`${folder}/index.md`),
    items: reference(root, folder),
  }));
  sections.splice(3, 0, { text: 'Programming interfaces', items: references });
  return sections;
}
