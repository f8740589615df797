/** What a run gives to its observer, and what it takes from the machine on which it runs. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { appWasm, metadataOf } from '../../device/node/testing.ts';
import { buildPackage, generateKeyPair } from '../../device/package/index.ts';
import { type SimulationOptions, simulate } from './simulate.ts';

const dir = mkdtempSync(join(tmpdir(), 'mote-simulate-'));
const path = join(dir, 'app.mote');
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeAll(() => {
  mkdirSync(dir, { recursive: true });
  const { privateKey } = generateKeyPair();
  const metadata = metadataOf({ sensors: [] });
  writeFileSync(path, buildPackage({ wasm: appWasm({}), rom: new Uint8Array(0), metadata, sequence: 1, privateKey }));
});

const options = (change: Partial<SimulationOptions>): SimulationOptions => ({
  app: path,
  node: 'sim',
  engine: 'v8',
  inputs: [],
  loop: false,
  seed: 1,
  settings: {},
  limitUs: 100_000,
  realtime: false,
  connect: null,
  hooks: () => ({}),
  onLinkTrouble: () => {},
  stopped: () => new Promise(() => {}),
  ...change,
});

it('an observer learns that a run has ended, also when it ended by an exception', async () => {
  const seen: string[] = [];
  const observe = (onStep: () => void) => async () => ({
    hooks: { onStep },
    begin: () => void seen.push('begin'),
    end: () => void seen.push('end'),
  });
  await simulate(options({ observe: observe(() => {}) }));
  const failing = options({
    observe: observe(() => {
      throw new Error('the disk is full');
    }),
  });
  await expect(simulate(failing)).rejects.toThrow('the disk is full');
  expect(seen).toEqual(['begin', 'end', 'begin', 'end']);
});
