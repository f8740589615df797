import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { OnlineNodes } from './online-nodes.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-online-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const lines = () => readFileSync(join(dir, 'online.txt'), 'utf8').split('\n').length - 1;

it('returns the nodes that were online at the end of the last run, after each change', () => {
  const nodes = new OnlineNodes(dir);
  for (const node of ['a', 'b', 'c']) nodes.set(node, true);
  nodes.set('a', true);
  nodes.set('b', false);
  nodes.set('x', false);
  expect(new OnlineNodes(dir).names()).toEqual(['a', 'c']);
  expect(lines()).toBe(2);
});

it('limits its file when nodes come and go', () => {
  const nodes = new OnlineNodes(dir);
  for (let i = 0; i < 3000; i++) nodes.set('a', i % 2 === 0);
  expect(lines()).toBeLessThan(1100);
  expect(new OnlineNodes(dir).names()).toEqual([]);
});

it('ignores what is no change of a node: a torn line, a name that would reach other topics', () => {
  writeFileSync(join(dir, 'online.txt'), '+a\n+b/c\n\n+\nx\n+#\n+d\n+tor');
  expect(new OnlineNodes(dir).names()).toEqual(['a', 'd']);
});

it('reports a folder that it cannot use', () => {
  expect(() => new OnlineNodes(join(dir, 'none'))).toThrow(expect.objectContaining({ code: 'QUEUE_IO' }));
});
