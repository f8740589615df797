/** `mote sim --guard`: a write outside its block ends the run with the name of the block. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ENGINE_NAMES, type EngineName } from '../../device/engine/index.ts';
import { simulate } from './simulate.ts';

const root = mkdtempSync(join(tmpdir(), 'mote-guard-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let projects = 0;

/** Runs an app for a second, and returns the text of its fault, or null. */
async function faultOf(source: string, { guard = true, engine = 'v8' as EngineName } = {}): Promise<string | null> {
  const app = join(root, `app-${projects++}`);
  mkdirSync(app);
  writeFileSync(join(app, 'mote.json'), JSON.stringify({ name: 'test', version: '1.0.0', config: { eight: 8 } }));
  writeFileSync(join(app, 'app.ts'), source);
  const { status } = await simulate({
    app,
    node: 'sim',
    engine,
    inputs: ['imu=sine:rate=1000,freq=25,amplitude=300'],
    loop: false,
    seed: 1,
    settings: {},
    limitUs: 1_000_000,
    realtime: false,
    connect: null,
    guard,
    hooks: () => ({}),
    onLinkTrouble: () => {},
    stopped: () => new Promise(() => {}),
  });
  return status.fault?.text ?? null;
}

const app = (declarations: string, step: string) => `
  import { kv, rom, samples16, Sensor } from 'moteware/assembly/mote';
  import { sensor_read } from 'moteware/assembly/abi/module';
  import * as config from './generated/config';
  const HOP = 32;
  ${declarations}
  let imu!: Sensor;
  export function init(): void { imu = Sensor.open('imu'); }
  export function step(now: i64): i64 { if (imu.available >= 300) { ${step} } return now + 50_000; }`;

const HOP = 'const hop = memory.data(HOP * 2, 4); const next = memory.data(64, 4); let keep: usize = next;';

describe('mote sim --guard', () => {
  it.each<[what: string, declarations: string, step: string, fault: RegExp]>([
    [
      'the host for a read that is too long',
      HOP,
      'sensor_read(imu.handle, hop, 8 * HOP);',
      /^step at 0x[0-9a-f]+: a write of 512 bytes at offset 0 leaves hop \(app\.ts\), which has 64 bytes$/,
    ],
    [
      'a loop that goes on too long',
      HOP,
      'for (let i = 0; i < 5 * config.eight(); i++) store<i16>(hop + (i << 1), i);',
      /^step at 0x[0-9a-f]+: a write of 2 bytes at offset 64 leaves hop \(app\.ts\), which has 64 bytes$/,
    ],
    [
      'a store that begins inside',
      HOP,
      'store<i64>(hop + 7 * config.eight(), 1, 4);',
      /^step at 0x[0-9a-f]+: a write of 8 bytes at offset 60 leaves hop/,
    ],
    [
      'memory.fill',
      HOP,
      'memory.fill(hop, 1, 9 * config.eight());',
      /^step at 0x[0-9a-f]+: a write of 72 bytes at offset 0 leaves hop/,
    ],
    [
      'memory.copy',
      HOP,
      'memory.copy(hop, next, 9 * config.eight());',
      /^step at 0x[0-9a-f]+: a write of 72 bytes at offset 0 leaves hop/,
    ],
    [
      'an address through null',
      '',
      'store<i32>(config.eight(), 1);',
      /^step at 0x[0-9a-f]+: a write of 4 bytes at 8, below all blocks/,
    ],
    [
      'a sized buffer through its address',
      'const samples = samples16(HOP);',
      'memory.fill(samples.data, 1, 9 * config.eight());',
      /^step at 0x[0-9a-f]+: a write of 72 bytes at offset 0 leaves samples \(app\.ts\), which has 64 bytes$/,
    ],
    [
      'kv.get with a capacity that the buffer lacks',
      HOP,
      "memory.fill(next, 1, 64); kv.set('k', next, 64); kv.get('k', hop + 4, 64);",
      /^step at 0x[0-9a-f]+: a write of 64 bytes at offset 4 leaves hop/,
    ],
  ])('stops %s', async (_what, declarations, step, fault) => {
    const source = app(declarations, step);
    // Silent, or at best a fault later at another place.
    expect(String(await faultOf(source, { guard: false }))).not.toMatch(/leaves|below all blocks/);
    for (const engine of ENGINE_NAMES) expect(await faultOf(source, { engine })).toMatch(fault);
  });

  it('lets an app write all of its blocks', async () => {
    const step = `memory.fill(hop, 1, 64); memory.copy(hop, next, 64); store<i64>(hop, 1, 56); store<u8>(hop + 63, 1);
      memory.fill(hop + 64, 1, 0); sensor_read(imu.handle, hop, HOP);`;
    for (const engine of ENGINE_NAMES) expect(await faultOf(app(HOP, step), { engine })).toBeNull();
  });
});
