/** A simulated node with a flash that is kept, whose app changes between two runs. */
import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { install, nextSequence, runningPackage, volatileFlash } from '../../device/node/index.ts';
import { buildPackage } from '../../device/package/index.ts';
import type { App } from '../app/index.ts';
import { settle } from './state.ts';

const { privateKey } = generateKeyPairSync('ed25519');

/** An app of a folder whose module is `byte`; `packed` makes it a package. */
function app(byte: number, { sequence = 1, packed = false } = {}): App {
  const metadata = {
    ...{ name: 'press', version: `1.0.${byte}`, abi: 1, memoryBytes: 1024, fuel: 1000n, trialMs: 1000 },
    ...{ sensors: [], metrics: [], commands: [], models: [], product: '', node: '', group: '', maxStep: 1000 },
  };
  const content = { wasm: new Uint8Array([byte]), rom: new Uint8Array(4), metadata, sequence };
  return {
    ...content,
    ...{ config: {}, warnings: [], cached: false, blocks: null, debug: null },
    package: packed ? buildPackage({ ...content, privateKey }) : null,
  };
}

/** A flash, and what `run` reports and leaves in it. */
function node() {
  const flash = volatileFlash();
  const content = () => {
    const running = runningPackage(flash);
    return [running?.wasm[0], running?.sequence];
  };
  const run = (named: App) => {
    const seen: string[] = [];
    settle(flash, 'hall', named, privateKey, {
      onInstalled: (_app, sequence) => seen.push(`installed ${sequence}`),
      onProblem: ({ code, message }) => seen.push(`${code} ${message}`),
    });
    return [...content(), ...seen];
  };
  const update = (pushed: App) => install(flash, pushed.sequence, buildPackage({ ...pushed, privateKey }));
  return { run, update, flash };
}

const KEPT = /^NODE_KEPT hall runs the module in its flash, press 1\.0\.\d, .*"mote push" updates it\.$/;

it('installs what was built when the source has changed, as the next sequence', () => {
  const { run, flash } = node();
  expect(run(app(1))).toEqual([1, 1]);
  expect(run(app(1))).toEqual([1, 1]);
  expect(run(app(2))).toEqual([2, 2, 'installed 2']);
  expect(run(app(2))).toEqual([2, 2]);
  expect(run(app(3, { sequence: 9 }))).toEqual([3, 9, 'installed 9']);
  expect(nextSequence(flash)).toBe(10);
});

it('keeps an update that the node received, and reports it, until the source changes', () => {
  const { run, update } = node();
  run(app(1));
  update(app(2, { sequence: 2 }));
  expect(run(app(1))).toEqual([2, 2, expect.stringMatching(KEPT)]);
  expect(run(app(2))).toEqual([2, 2]);
  update(app(3, { sequence: 3 }));
  expect(run(app(4))).toEqual([4, 4, 'installed 4']);
});

it('installs a package only under its own sequence', () => {
  const { run } = node();
  expect(run(app(1, { sequence: 5, packed: true }))).toEqual([1, 5]);
  expect(run(app(2, { sequence: 5, packed: true }))).toEqual([1, 5, expect.stringMatching(KEPT)]);
  expect(run(app(2, { sequence: 6, packed: true }))).toEqual([2, 6, 'installed 6']);
  expect(run(app(1, { sequence: 5, packed: true }))).toEqual([2, 6, expect.stringMatching(KEPT)]);
});

it('installs nothing anew on a flash from a run that kept no note', () => {
  const { run, update } = node();
  update(app(1, { sequence: 3 }));
  expect(run(app(1))).toEqual([1, 3]);
});
