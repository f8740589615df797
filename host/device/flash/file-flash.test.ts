import fs, {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Compiled } from '../../base/testing.ts';
import { FileFlash } from './file-flash.ts';
import { KeyValueStore } from './kv.ts';

const geometry = { sizeBytes: 4096, pageBytes: 1024, writeBytes: 8 };
let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mote-flash-'));
  path = join(folder, 'node.flash');
});
afterEach(() => rmSync(folder, { recursive: true }));

const codeOf = (action: () => unknown): unknown => {
  try {
    action();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'none';
};

describe('flash in a file', () => {
  it('puts its data on the medium when it is synced', () => {
    const flash = FileFlash.open(path, geometry);
    flash.program(0, new Uint8Array(8));
    const synced = vi.spyOn(fs, 'fdatasyncSync');
    syncBuiltinESMExports();
    flash.sync();
    expect(synced).toHaveBeenCalledTimes(1);
    synced.mockRestore();
    syncBuiltinESMExports();
    flash.close();
  });

  it('is created erased, keeps its bytes, and leaves no other file behind', () => {
    const flash = FileFlash.open(path, geometry);
    expect(flash.read(0, 4096).every((byte) => byte === 0xff)).toBe(true);
    flash.program(1024, new Uint8Array(16).fill(7));
    flash.erase(3);
    flash.sync();
    flash.close();
    const again = FileFlash.open(path, geometry);
    expect([...again.read(1024, 16)]).toEqual(new Array(16).fill(7));
    expect(codeOf(() => again.program(1024, new Uint8Array(8).fill(8)))).toBe('FLASH_PROGRAM');
    expect(codeOf(() => again.program(1, new Uint8Array(8)))).toBe('FLASH_PROGRAM');
    expect(codeOf(() => again.erase(4))).toBe('FLASH_RANGE');
    expect(codeOf(() => again.read(0, 4097))).toBe('FLASH_RANGE');
    again.erase(1);
    again.close();
    expect(readdirSync(folder)).toEqual(['node.flash']);
    expect(
      readFileSync(path)
        .subarray(4096)
        .every((byte) => byte === 0xff),
    ).toBe(true);
  });

  it('preserves a key-value store over a restart', () => {
    const flash = FileFlash.open(path, geometry);
    KeyValueStore.open(flash).set('threshold', new Uint8Array([1, 2]));
    flash.close();
    const again = FileFlash.open(path, geometry);
    expect([...(KeyValueStore.open(again).get('threshold') ?? [])]).toEqual([1, 2]);
    again.close();
  });

  it.each([
    ['truncated', () => truncateSync(path, 5000)],
    ['truncated in its header', () => truncateSync(path, 20)],
    ['empty', () => writeFileSync(path, '')],
    ['longer', () => appendFileSync(path, 'x')],
    ['foreign', () => writeFileSync(path, Buffer.alloc(8192, 0x55))],
    ['a text', () => writeFileSync(path, 'moteware')],
  ])('reports a file that is %s, and does not change it', (_what, spoil) => {
    FileFlash.open(path, geometry).close();
    spoil();
    const before = readFileSync(path);
    expect(codeOf(() => FileFlash.open(path, geometry))).toBe('FLASH_FILE');
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('is created on the medium before it has its name, and its name is on the medium too; nothing stays open', () => {
    const synced = vi.spyOn(fs, 'fsyncSync');
    const renamed = vi.spyOn(fs, 'renameSync');
    const opened = vi.spyOn(fs, 'openSync');
    const closed = vi.spyOn(fs, 'closeSync');
    syncBuiltinESMExports();
    FileFlash.open(path, geometry).close();
    const [order] = renamed.mock.invocationCallOrder;
    expect(synced.mock.invocationCallOrder.map((at) => at < order!)).toEqual([true, false]);
    expect(closed).toHaveBeenCalledTimes(opened.mock.calls.length);
    for (const spy of [synced, renamed, opened, closed]) spy.mockRestore();
    syncBuiltinESMExports();
  });

  it('leaves no file behind when it cannot be created', () => {
    const renamed = vi.spyOn(fs, 'renameSync').mockImplementation(() => {
      throw new Error('no space');
    });
    syncBuiltinESMExports();
    const message = `The flash file ${path} can't be read or written (no space); check the path`;
    expect(() => FileFlash.open(path, geometry)).toThrow(
      expect.objectContaining({
        code: 'FLASH_IO',
        message: expect.stringContaining(message),
        cause: expect.objectContaining({ message: 'no space' }),
      }),
    );
    renamed.mockRestore();
    syncBuiltinESMExports();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is written whole by a system that writes less than it was given', () => {
    const real = fs.writeSync;
    const written = vi
      .spyOn(fs, 'writeSync')
      .mockImplementation(((file: number, bytes: Uint8Array, offset: number, length: number, position: number) =>
        real(file, bytes, offset, Math.min(length, 1000), position)) as typeof fs.writeSync);
    syncBuiltinESMExports();
    const flash = FileFlash.open(path, geometry);
    flash.program(
      1024,
      Uint8Array.from({ length: 2048 }, (_, i) => i),
    );
    written.mockRestore();
    syncBuiltinESMExports();
    flash.close();
    const bytes = readFileSync(path);
    expect(bytes.length).toBe(8192);
    expect(bytes.subarray(4096, 5120).every((byte) => byte === 0xff)).toBe(true);
    expect(bytes.subarray(5120, 7168)).toEqual(Buffer.from(Array.from({ length: 2048 }, (_, i) => i)));
  });

  it('describes what the file is instead', () => {
    writeFileSync(path, Buffer.alloc(8192, 0x55));
    expect(() => FileFlash.open(path, geometry)).toThrow(`${path} isn't a moteware flash file: choose another file`);
    const header = Buffer.concat([Buffer.from('moteware flash 1\n'), Buffer.from(`size\x1b[31m${'x'.repeat(99)}\n`)]);
    writeFileSync(path, Buffer.concat([header, Buffer.alloc(8192 - header.length)]));
    expect(() => FileFlash.open(path, geometry)).toThrow(`it has 8192 bytes and 'size?[31m${'x'.repeat(55)}', but`);
  });

  it('rejects another geometry, a folder, and a path that does not exist', () => {
    FileFlash.open(path, geometry).close();
    expect(() => FileFlash.open(path, { ...geometry, pageBytes: 512 })).toThrow(
      /'size 4096 page 1024 write 8', but the layout requires 8192 and 'size 4096 page 512 write 8'/,
    );
    expect(codeOf(() => FileFlash.open(folder, geometry))).toBe('FLASH_IO');
    expect(codeOf(() => FileFlash.open(join(folder, 'no', 'file'), geometry))).toBe('FLASH_IO');
  });
});

describe('a flash file that is already open', () => {
  let compiled: Compiled;
  beforeAll(async () => {
    compiled = await Compiled.of('host/device/flash/file-flash.ts');
  });
  afterAll(() => compiled.delete());

  it('is rejected in this process until it is closed, also through a symbolic link and after a failure to open', () => {
    const flash = FileFlash.open(path, geometry);
    const link = join(folder, 'link.flash');
    symlinkSync(path, link);
    for (const name of [path, link]) expect(codeOf(() => FileFlash.open(name, geometry))).toBe('FLASH_BUSY');
    expect(codeOf(() => FileFlash.open(path, { ...geometry, pageBytes: 512 }))).toBe('FLASH_BUSY');
    flash.close();
    expect(codeOf(() => FileFlash.open(path, { ...geometry, pageBytes: 512 }))).toBe('FLASH_FILE');
    const again = FileFlash.open(link, geometry);
    expect(codeOf(() => FileFlash.open(path, geometry))).toBe('FLASH_BUSY');
    again.close();
    expect(readdirSync(folder).sort()).toEqual(['link.flash', 'node.flash']);
  });

  it('is rejected with the id of the process that has it, and opens with its contents after that process was killed', async () => {
    const child = await compiled.run(`
      const flash = FileFlash.open(${JSON.stringify(path)}, ${JSON.stringify(geometry)});
      flash.program(1024, new Uint8Array(8).fill(5));
      print('open');`);
    expect(() => FileFlash.open(path, geometry)).toThrow(
      expect.objectContaining({
        code: 'FLASH_BUSY',
        message: expect.stringMatching(`^The flash file ${path} is in use: .*process ${child.pid} has it`),
      }),
    );
    await child.kill();
    const flash = FileFlash.open(path, geometry);
    expect([...flash.read(1024, 8)]).toEqual(new Array(8).fill(5));
    flash.close();
    expect(readdirSync(folder)).toEqual(['node.flash']);
  });
});
