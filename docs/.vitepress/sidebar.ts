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
      ['Running a site', 'docs/site.md'],
      ['Assets and business context', 'docs/assets.md'],
      ['Questions to a site', 'docs/queries.md'],
      ['A plant to try it on', 'docs/plant.md'],
      ['OPC UA', 'docs/opcua.md'],
      ['Modbus TCP', 'docs/modbus.md'],
      ['Sparkplug B', 'docs/sparkplug.md'],
      ['Cameras', 'docs/cameras.md'],
      ['Watching a simulation', 'docs/watching-a-simulation.md'],
      ['Running on boards', 'docs/running-on-boards.md'],
      ['Brokers', 'docs/brokers.md'],
      ['Decoders', 'docs/decoders.md'],
      ['Security', 'docs/security.md'],
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
      ['Site', 'docs/spec/site.md'],
      ['Package', 'docs/spec/package.md'],
      ['Flash', 'docs/spec/flash.md'],
      ['Node', 'docs/spec/node.md'],
      ['Boards', 'docs/boards.md'],
      ['Porting guide', 'docs/porting.md'],
      ['Ports', 'docs/ports.md'],
      ['Native kernels', 'docs/kernels.md'],
    ],
  },
  {
    text: 'Design',
    pages: [
      ['Design', 'docs/DESIGN.md'],
      ['A walk through the code', 'docs/architecture.md'],
    ],
  },
  {
    text: 'Contributing',
    pages: [
      ['Contributing', 'CONTRIBUTING.md'],
      ['Mutants', 'docs/mutants.md'],
      ['Changelog', 'CHANGELOG.md'],
    ],
  },
];

const link = (path: string): string => `/${sitePath(path).replace(/(index)?\.md$/, '')}`;

/** The pages of a generated reference, a group a folder; the namespaces of a module stand below it. */
function reference(root: string, folder: string): Item[] {
  const names = readdirSync(join(root, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return names.flatMap((entry): Item[] => {
    const path = `${folder}/${entry.name}`;
    if (entry.name === 'namespaces') return reference(root, path);
    if (!entry.isDirectory()) {
      const isPage = entry.name.endsWith('.md') && entry.name !== 'index.md';
      return isPage ? [{ text: entry.name.replace(/\.md$/, ''), link: link(path) }] : [];
    }
    const index = existsSync(join(root, path, 'index.md')) ? { link: link(`${path}/index.md`) } : {};
    return [{ text: entry.name, collapsed: true, ...index, items: reference(root, path) }];
  });
}

/** Throws when a page of `docs` is in no section, or a section names a page that doesn't exist. */
export function sidebar(root: string, generated: string): Item[] {
  const listed = SECTIONS.flatMap(({ pages }) => pages.map(([, path]) => path));
  const written = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => `docs/${name}`);
  const unlisted = written.filter((path) => !listed.includes(path));
  const missing = listed.filter((path) => !existsSync(join(root, path)));
  if (unlisted.length + missing.length > 0) {
    const names = [...unlisted.map((path) => `${path} is in no section`), ...missing.map((path) => `no file ${path}`)];
    throw new Error(`correct SECTIONS in docs/.vitepress/sidebar.ts: ${names.join('; ')}`);
  }
  const sections: Item[] = SECTIONS.map(({ text, pages }) => ({
    text,
    items: pages.map(([name, path]) => ({ text: name, link: link(path) })),
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
