/**
 * Links of the documents. In a document a link is the path of another file of the repository, so that it works wherever the
 * repository is read; here it becomes the address of that file's page. A link to a file or an anchor that doesn't exist fails the build.
 */
import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';

type State = Parameters<Parameters<MarkdownRenderer['core']['ruler']['push']>[1]>[0];

/** Where generated pages are, below the root of the repository. */
export const GENERATED = 'build/site';

/** The site's path of a file of the repository. */
export function sitePath(path: string): string {
  return path.replace(/^(docs|build\/site)\//, '').replace(/(^|\/)README\.md$/, '$1index.md');
}

/** The anchor of a heading, as code forges make it. */
export function slug(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
    .replaceAll(' ', '-');
}

/** A file that is no page has one that shows it; a folder's page is its README. */
function pageOf(root: string, path: string): string {
  if (!statSync(join(root, path)).isDirectory()) return path.endsWith('.md') ? path : `${GENERATED}/source/${path}.md`;
  return existsSync(join(root, path, 'README.md'))
    ? join(path, 'README.md')
    : `${GENERATED}/source/${path.replace(/\/$/, '')}.md`;
}

export class Links {
  readonly #root: string;
  readonly #anchors = new Map<string, Set<string>>();
  readonly #wanted: { from: string; to: string; anchor: string }[] = [];
  readonly #broken = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  use(md: MarkdownRenderer): void {
    md.core.ruler.push('repository-links', (state) => this.#read(state));
  }

  /** Throws when a link of any page that was read leads nowhere. */
  check(): void {
    for (const { from, to, anchor } of this.#wanted) {
      if (!this.#anchors.get(to)?.has(anchor)) this.#broken.add(`${from}: ${to} has no heading #${anchor}`);
    }
    if (this.#broken.size > 0) throw new Error(`broken links:\n${[...this.#broken].join('\n')}`);
  }

  #read({ tokens, env }: State): void {
    const page = relative(this.#root, env.realPath ?? env.path);
    const anchors = new Set<string>();
    this.#anchors.set(page, anchors);
    for (const token of tokens) {
      if (token.type === 'heading_open') anchors.add(token.attrGet('id') ?? '');
      for (const child of token.children ?? []) {
        if (child.type === 'html_inline')
          for (const [, id] of child.content.matchAll(/\bid="(.*?)"/g)) anchors.add(id!);
        const href = child.type === 'link_open' ? child.attrGet('href') : null;
        if (href !== null && !/^[a-z]+:/.test(href)) child.attrSet('href', this.#resolve(page, href));
      }
    }
  }

  #resolve(page: string, href: string): string {
    const [path = '', anchor] = decodeURI(href).split('#');
    const file = path === '' ? page : join(dirname(page), path);
    if (!existsSync(join(this.#root, file))) {
      this.#broken.add(`${page}: ${href} is no file`);
      return href;
    }
    const target = pageOf(this.#root, file);
    if (anchor !== undefined) this.#wanted.push({ from: page, to: target, anchor });
    return path === '' ? href : `/${sitePath(target)}${anchor === undefined ? '' : `#${anchor}`}`;
  }
}
