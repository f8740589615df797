import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../base/index.ts';
import { FileFlash } from './file-flash.ts';
import { KeyValueStore } from './kv.ts';
import { MemoryFlash } from './memory-flash.ts';

const spec = readFileSync(packagePath('docs', 'spec', 'flash.md'), 'utf8');
function example(name: string): Buffer {
  const block = new RegExp(`\`\`\`hex ${name}\n([^\`]*)\`\`\``).exec(spec)?.[1] ?? '';
  return Buffer.from(block.replaceAll('\n', ''), 'hex');
}

describe('docs/spec/flash.md', () => {
  it('shows the bytes of a key-value store with the contents that it describes', () => {
    const flash = new MemoryFlash({ sizeBytes: 8192, pageBytes: 4096, writeBytes: 8 });
    const store = KeyValueStore.open(flash);
    store.set('level', Uint8Array.of(0x2a, 0));
    const set = flash.image();
    store.delete('level');
    const shown = example('kv');
    expect(Buffer.from(flash.read(0, 56))).toEqual(shown);
    const image = new Uint8Array(8192).fill(0xff);
    image.set(shown.subarray(0, 32));
    expect(image).toEqual(set);
    expect([...KeyValueStore.open(new MemoryFlash({ sizeBytes: 8192, image })).get('level')!]).toEqual([0x2a, 0]);
  });

  it('shows the start of a flash file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mote-spec-'));
    const path = join(folder, 'node.flash');
    FileFlash.open(path, { sizeBytes: 8192, pageBytes: 4096, writeBytes: 8 }).close();
    const bytes = readFileSync(path);
    rmSync(folder, { recursive: true });
    const shown = example('file');
    expect(bytes.subarray(0, shown.length)).toEqual(shown);
    expect(bytes.length).toBe(4096 + 8192);
  });
});
