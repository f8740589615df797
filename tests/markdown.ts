/** Fenced blocks of a Markdown file. */
import { readFileSync } from 'node:fs';
import { packagePath } from '../host/base/index.ts';

export interface Block {
  /** First word after the fence, such as `sh`; may be empty. */
  language: string;
  /** The other words after the fence. */
  tags: string[];
  /** Line of the file in which the content begins, from 1. */
  line: number;
  text: string;
}

/** @param file path in the repository */
export function blocksOf(file: string): Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; block: Block } | null = null;
  for (const [i, line] of readFileSync(packagePath(file), 'utf8').split('\n').entries()) {
    const [, fence = '', info = ''] = line.match(/^\s*(`{3,}|~{3,})(.*)$/) ?? [];
    if (open === null && fence !== '') {
      const [language = '', ...tags] = info.trim().split(/\s+/);
      open = { fence, block: { language, tags, line: i + 2, text: '' } };
      blocks.push(open.block);
    } else if (open !== null && fence.startsWith(open.fence) && info.trim() === '') open = null;
    else if (open !== null) open.block.text += `${line}\n`;
  }
  return blocks;
}
