import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildFolder } from '../../base/index.ts';
import { loadBoard } from './board-json.ts';
import { buildImage } from './build.ts';
import { startNode } from './qemu.ts';
import { findTool, libraryFlags } from './toolchain.ts';

const linux = loadBoard('linux');
const m4 = loadBoard('mps2-an386');

/** A program in a folder of its own, with a unique name. */
describe('an image', () => {
  let folder: string;
  let name: string;
  const path = (file: string) => join(folder, file);
  const build = (more = {}) =>
    buildImage(linux, { image: { name, sources: [path('main.c')], components: [] }, ...more });
  const exit = async (elf: string) => {
    const work = mkdtempSync(join(tmpdir(), 'mote-build-'));
    try {
      return (await (await startNode(linux, elf, { folder: work })).ended).code;
    } finally {
      rmSync(work, { recursive: true });
    }
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mote-build-'));
    name = `test-${process.pid}`;
    writeFileSync(path('code.h'), '#define CODE 41\n');
    writeFileSync(
      path('main.c'),
      '#include "platform/emulated/host.h"\n#include "code.h"\nint main(void)\n{\n    host_exit(CODE);\n}\n',
    );
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    const made = join(await buildFolder(), 'boards', 'linux');
    for (const file of ['elf', 'map', 'stamp']) rmSync(join(made, `${name}.${file}`), { force: true });
    rmSync(join(made, 'objects', name), { recursive: true, force: true });
  });

  test('is built again only when one of its inputs has changed', async () => {
    const { elf, map } = await build();
    expect(await exit(elf)).toBe(41);
    expect(readFileSync(map, 'utf8')).toContain('main.c.o');
    const first = statSync(elf).mtimeMs;
    await build();
    expect(statSync(elf).mtimeMs).toBe(first);
    writeFileSync(path('code.h'), '#define CODE 42\n');
    expect(await exit((await build()).elf)).toBe(42);
    rmSync(path('code.h'));
    await expect(build()).rejects.toMatchObject({ code: 'BOARD_BUILD', message: expect.stringContaining('code.h') });
    writeFileSync(path('code.h'), '#define CODE 43\n');
    expect(await exit((await build()).elf)).toBe(43);
  });

  test('reports the files that are compiled, and how many had changed', async () => {
    const seen: [number, number][] = [];
    const run = () => build({ onProgress: (done: number, files: number) => seen.push([done, files]) });
    writeFileSync(path('code.h'), '#define CODE 44\n');
    expect((await run()).compiled).toBe(1);
    expect(seen).toEqual(seen.map((_one, i) => [i + 1, seen.length]));
    expect(seen.length).toBeGreaterThan(1);
    expect((await run()).compiled).toBe(0);
  });

  test('with other options is in another folder', async () => {
    const plain = await build();
    const other = await build({ defines: { ANYTHING: 1 } });
    expect(other.elf).not.toBe(plain.elf);
    rmSync(join(other.elf, '..'), { recursive: true });
  });

  test('is rejected if the board does not support its options', async () => {
    const image = { name, sources: [path('main.c')], components: [] };
    await expect(buildImage(m4, { image, sanitize: true })).rejects.toMatchObject({ code: 'BOARD_OPTION' });
    await expect(buildImage(m4, { image, ramBytes: 1 << 20 })).rejects.toMatchObject({ code: 'BOARD_OPTION' });
    await expect(buildImage(linux, { image, ramBytes: 1024 })).rejects.toMatchObject({ code: 'BOARD_OPTION' });
  });
});

describe('a tool', () => {
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  test('that is missing is named in the error, with what to install', async () => {
    process.env.CC_ARM = '/nowhere/arm-none-eabi-gcc';
    await expect(findTool('arm-none-eabi')).rejects.toMatchObject({
      code: 'BOARD_TOOL',
      message: expect.stringMatching(/nowhere.*apt install gcc-arm-none-eabi.*CC_ARM/),
    });
    process.env.CC_ARM = process.execPath;
    expect((await findTool('arm-none-eabi')).version).toBe(process.version);
  });

  test('without its C library is distinguished from one that is missing', async () => {
    process.env.CC_RISCV = (await findTool('host')).command;
    await expect(libraryFlags('riscv64-unknown-elf')).rejects.toMatchObject({
      code: 'BOARD_TOOL',
      message: expect.stringContaining('picolibc'),
    });
    expect(await libraryFlags('host')).toEqual([]);
  });
});

describe('a node', () => {
  test.each([['do'], ['do=two words'], ['DO=it'], ['=x']])("isn't started with the option '%s'", async (word) => {
    await expect(startNode(linux, '/bin/true', { folder: tmpdir(), options: [word] })).rejects.toMatchObject({
      code: 'BOARD_OPTION',
    });
  });

  test('has exclusive use of its folder until it has ended', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mote-node-'));
    try {
      const script = join(folder, 'sleeper');
      writeFileSync(script, '#!/bin/sh\nexec sleep 100\n', { mode: 0o700 });
      const node = await startNode(linux, script, { folder });
      await expect(startNode(linux, script, { folder })).rejects.toMatchObject({ code: 'BOARD_BUSY' });
      await node.kill();
      expect(await node.ended).toMatchObject({ code: null });
      const second = await startNode(linux, script, { folder });
      await second.kill();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('whose file is not a program is an error', async () => {
    await expect(startNode(linux, '/nowhere/agent.elf', { folder: tmpdir() })).rejects.toMatchObject({
      code: 'BOARD_RUN',
    });
  });
});
