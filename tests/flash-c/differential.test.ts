import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { SENTENCES } from '../../host/base/abi/index.ts';
import { packagePath } from '../../host/base/index.ts';
import { flashRegion, KeyValueStore, MemoryFlash } from '../../host/device/flash/index.ts';
import { renderReport } from '../../host/device/link/index.ts';
import { provision } from '../../host/device/node/storage.ts';
import { SlotStore } from '../../host/device/update/index.ts';
import { buildProgram, missingCrypto } from '../c-program.ts';
import { type Geometry, Reference, reasonText } from './reference.ts';
import { journalScript, kvScript, type Script, slotsScript, spoiltScript, storageScript } from './script.ts';

const geometries: [Geometry, slotPages: number][] = [
  [{ sizeBytes: 16 << 10, pageBytes: 1024, writeBytes: 4 }, 6],
  [{ sizeBytes: 40 << 10, pageBytes: 4096, writeBytes: 8 }, 3],
  [{ sizeBytes: 160 << 10, pageBytes: 16384, writeBytes: 16 }, 2],
  [{ sizeBytes: 40 << 10, pageBytes: 4096, writeBytes: 256 }, 3],
  [{ sizeBytes: 20 << 10, pageBytes: 1024, writeBytes: 1 }, 8],
];

const driver = await buildProgram({
  folder: 'flash-c',
  name: 'driver',
  sources: ['driver.c', 'cut_flash.c'],
  components: ['update'],
  files: ['agent/storage.c'],
});

/** A reason as `print_reason` of driver.c prints it. */
const REASON = /\b(\d+):(\d+):(-?\d[-\d,]*)?:([0-9a-f]*)/g;

/** The same after it was rendered: TypeScript reports the sentence of a reason, not its number. */
function rendered(whole: string, number: string, during: string, numbers = '', text = ''): string {
  if (number === '0') return whole;
  const given = numbers === '' ? [] : numbers.split(',').map(Number);
  const utf8 = Buffer.from(text, 'hex').toString();
  return reasonText(renderReport({ number: Number(number), during: Number(during), numbers: given, text: utf8 }));
}

describe.skipIf(missingCrypto)('the C flash code and the TypeScript code', () => {
  function runC({ sizeBytes, pageBytes, writeBytes }: Geometry, lines: string[]): string[] {
    const input = `${lines.join('\n')}\n`;
    const args = [sizeBytes, pageBytes, writeBytes].map(String);
    const { stdout, stderr, status } = spawnSync(driver, args, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
    expect([stderr, status]).toEqual(['', 0]);
    // Statuses before a power cut were never sent.
    return stdout.split('\n').map((line) => line.replace(/^.*cut \|/, 'cut |').replace(REASON, rendered));
  }

  function compare(geometry: Geometry, { lines, expected }: Script): void {
    const answers = runC(geometry, lines);
    const wrong = expected.findIndex((answer, i) => answers[i] !== answer);
    const shown = (text = '') => text.slice(0, 500);
    if (wrong >= 0)
      expect
        .soft(
          shown(answers[wrong]),
          `line ${wrong}: ${lines
            .slice(Math.max(0, wrong - 3), wrong + 1)
            .map(shown)
            .join('\n')}`,
        )
        .toBe(shown(expected[wrong]));
    expect(wrong).toBe(-1);
  }

  /** Returns the answers of the C code, without checksum and count. */
  function ask(geometry: Geometry, ...lines: string[]): string[] {
    return runC(geometry, lines).map((line) => line.replace(/ \| .*$/, ''));
  }

  it('write the bytes in docs/spec/flash.md, and open them', () => {
    const spec = readFileSync(packagePath('docs', 'spec', 'flash.md'), 'utf8');
    const example = (name: string) =>
      new RegExp(`\`\`\`hex ${name}\n([^\`]*)\`\`\``).exec(spec)![1]!.replaceAll('\n', '');
    const geometry = { sizeBytes: 8 * 4096, pageBytes: 4096, writeBytes: 8 };
    const kv = ask(
      geometry,
      'kv-open 0 2',
      'kv-set 6c6576656c 2a00',
      'kv-get 6c6576656c',
      'kv-delete 6c6576656c',
      'dump',
    );
    expect(kv[2]).toBe('2a00');
    expect(kv[4]!.startsWith(example('kv'))).toBe(true);
    const contents = '7061636b6167652031';
    const sha256 = createHash('sha256').update(Buffer.from(contents, 'hex')).digest('hex');
    const received = [`slots-begin 1 9 ${sha256}`, 'slots-erase', `slots-append 0 ${contents}`, 'slots-finish'];
    const slots = ask(geometry, 'slots-open 0 8 2 3', ...received, 'dump');
    // The last record of the example is of a module that was installed without a trial, which boards don't do.
    const shown = example('slots');
    expect(slots[5]!.slice(0, (16 + 2 * 136) * 2)).toBe(shown.slice(0, (16 + 2 * 136) * 2));
    const image = Buffer.concat([Buffer.from(shown, 'hex'), Buffer.alloc(8192, 0xff)]).subarray(0, 8192);
    const whole = image.toString('hex') + contents;
    expect(ask(geometry, `load 0 ${whole}`, 'slots-open 0 8 2 3', 'slots-boot', 'slots-read 0').slice(2, 4)).toEqual([
      `ok highest=1 active=0 received=0 [confirmed 1 9 ${sha256.slice(0, 8)}] [empty 0 0 00000000]`,
      expect.stringMatching(/^ok [0-9a-f]{8} highest=1/),
    ]);
  });

  it('run the first module of a node that the TypeScript code provisioned', () => {
    const geometry = { sizeBytes: 64 << 10, pageBytes: 1024, writeBytes: 4 };
    const flash = new MemoryFlash(geometry);
    const module = Uint8Array.from({ length: 5003 }, (_, i) => i * 7);
    expect(provision(flash, 5, module)).toBe(true);
    KeyValueStore.open(flashRegion(flash, 2, 4)).set('level', Uint8Array.of(7));
    const load = `load 0 ${Buffer.from(flash.image()).toString('hex')}`;
    const answers = ask(geometry, load, 'storage-open 2 4 2 0', 'slots-boot', 'slots-read 0', 'kv-get 6c6576656c');
    expect(answers[1]).toBe('ok 1 ');
    expect(answers[2]).toMatch(/^ok highest=5 active=0 received=0 \[confirmed 5 5003 /);
    expect(answers[3]!.startsWith(`ok ${crc32(module).toString(16).padStart(8, '0')}`)).toBe(true);
    expect(answers[4]).toBe('07');
  });

  it.each(geometries)(
    'write equal bytes in the same order in key-value stores, over cuts and restarts: %o',
    (geometry) => {
      for (const pages of [2, 5]) {
        const script = kvScript(geometry, pages, 700, pages);
        compare(geometry, script);
        const image = Buffer.from(script.expected.at(-1)!.split(' ')[0]!, 'hex');
        const opened = KeyValueStore.open(flashRegion(new MemoryFlash({ ...geometry, image }), 1, pages));
        expect(opened.keys()).toEqual(script.reference.kv.keys());
      }
    },
  );

  it.each(geometries)(
    'write equal bytes in the same order in slots and transfers, over cuts and restarts: %o',
    (geometry, pages) => {
      const script = slotsScript(geometry, pages, 800, 1);
      compare(geometry, script);
      const image = Buffer.from(script.expected.at(-1)!.split(' ')[0]!, 'hex');
      const region = flashRegion(new MemoryFlash({ ...geometry, image }), 1, 2 + 2 * pages);
      const opened = SlotStore.open(region, { journalPages: 2, slotPages: pages });
      expect(opened.slots()).toEqual(script.reference.slots.slots());
      compare(geometry, slotsScript(geometry, pages, 500, 2, true));
    },
  );

  it.each([
    ['the stores leave nothing for slots', 'storage-open 8 8 2 0'],
    ['a store has one page', 'storage-open 1 4 2 0'],
    ['the journal leaves nothing for slots', 'storage-open 2 4 10 0'],
    ['the journal has one page', 'storage-open 2 4 1 0'],
    ['the slots are too large', 'storage-open 2 4 2 5'],
  ])('reject a layout that does not fit: %s', (_, line) => {
    const [geometry] = geometries[0]!;
    const number = Number(/^(\d+):0::$/.exec(ask(geometry, line)[0]!)?.[1]);
    expect(SENTENCES[number - 1]).toMatchObject({ code: 'FLASH_RANGE', text: expect.stringMatching(/^[A-Z].*\.$/) });
    expect(() => new Reference(geometry).run(line)).toThrow(expect.objectContaining({ code: 'FLASH_RANGE' }));
  });

  it('open a flash with any contents, and continue', () => {
    const geometry = { sizeBytes: 8 * 512, pageBytes: 512, writeBytes: 8 };
    compare(geometry, spoiltScript(600, 1));
  });

  it.each(geometries)(
    'write equal bytes in the same order in whole storages, over cuts and restarts: %o',
    (geometry) => {
      compare(geometry, storageScript(geometry, 150, 1));
    },
  );

  it.each(geometries)('ignore the same records of a slot journal: %o', (geometry, pages) => {
    compare(geometry, journalScript(geometry, pages, 400, 1));
  });
});
