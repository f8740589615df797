import { expect, it } from 'vitest';
import { MemoryFlash } from '../../device/flash/index.ts';
import { DEFAULT_LAYOUT, provision, readIdentity, writeIdentity } from '../../device/node/index.ts';
import { NodeStorage } from '../../device/node/storage.ts';
import { generateKeyPair, keyId } from '../../device/package/index.ts';
import { loadBoard } from './board-json.ts';
import { nodeSegment } from './image-node.ts';

const { publicKey } = generateKeyPair();
const first = { sequence: 7, bytes: Uint8Array.from({ length: 30_001 }, (_, i) => i * 31) };
const BOARDS = ['lm3s6965evb', 'mps2-an386', 'mps2-an505', 'riscv-virt'];

/** Flashes the segment as tools do: erases every page that it touches, then programs it. */
function flashed(name: string, old: MemoryFlash | null, segment: ReturnType<typeof nodeSegment>): MemoryFlash {
  const { flash } = loadBoard(name);
  const device = old ?? new MemoryFlash({ sizeBytes: flash.bytes, pageBytes: flash.page, writeBytes: flash.write });
  const at = segment.address - flash.origin!;
  expect([at % flash.page, segment.bytes.length % flash.page]).toEqual([0, 0]);
  for (let page = 0; page < segment.bytes.length / flash.page; page++) device.erase(at / flash.page + page);
  device.program(at, segment.bytes);
  return device;
}

it.each(BOARDS)('an image for %s makes a node that knows itself, trusts a key and boots its first module', (name) => {
  const target = { id: 'press-7', product: 'press', group: 'hall-2' };
  const device = flashed(name, null, nodeSegment(loadBoard(name), { ...target, publicKeys: [publicKey], first }));
  const { publicKeys, ...identity } = readIdentity(device);
  expect([identity, publicKeys.map(keyId)]).toEqual([target, [keyId(publicKey)]]);
  const { slots, boot } = new NodeStorage(device, DEFAULT_LAYOUT, true);
  expect(boot).toBe(1);
  const active = slots!.active()!;
  expect(active).toMatchObject({ slot: 0, state: 'confirmed', sequence: 7 });
  expect(Buffer.from(slots!.read(active.slot)).equals(Buffer.from(first.bytes))).toBe(true);
});

it('no data of an older node outlives a new image, however often that node wrote', () => {
  const board = loadBoard('mps2-an386');
  const { bytes: sizeBytes, page: pageBytes, write: writeBytes } = board.flash;
  const old = new MemoryFlash({ sizeBytes, pageBytes, writeBytes });
  writeIdentity(old, { id: 'old', publicKeys: [generateKeyPair().publicKey] });
  provision(old, 99, new Uint8Array(500));
  for (let start = 1; start <= 600; start++) {
    const { kv } = new NodeStorage(old, DEFAULT_LAYOUT, true);
    kv.set('level', new Uint8Array(200).fill(start));
  }
  const device = flashed('mps2-an386', old, nodeSegment(board, { id: 'new', publicKeys: [publicKey], first: null }));
  expect(readIdentity(device)).toMatchObject({ id: 'new' });
  const storage = new NodeStorage(device, DEFAULT_LAYOUT, true);
  expect([storage.boot, storage.kv.get('level'), storage.slots!.active()]).toEqual([1, undefined, null]);
});

it('a process has no image, and a package that is too large is rejected', () => {
  const node = { id: null, publicKeys: [publicKey], first };
  expect(() => nodeSegment(loadBoard('linux'), node)).toThrow(/linux is a process/);
  const large = { sequence: 1, bytes: new Uint8Array(100_000) };
  expect(() => nodeSegment(loadBoard('lm3s6965evb'), { ...node, first: large })).toThrow(/100000 bytes/);
});
