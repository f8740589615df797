/**
 * A whole app: its inputs, computations and messages are the same, with the board's native kernels and with the
 * module's.
 */
import { readFileSync } from 'node:fs';
import { packagePath } from '../../host/base/index.ts';
import { repeat, wavSource } from '../../host/device/node/index.ts';
import { buildApp } from '../../host/toolchain/build/index.ts';
import type { Scenario } from './scenario.ts';

async function keyword(): Promise<Scenario[]> {
  const { wasm, rom, metadata, config } = await buildApp(packagePath('assembly', 'apps', 'keyword'));
  const speech = readFileSync(packagePath('recordings', 'speech', 'yes.wav'));
  const microphone = { name: 'microphone', source: repeat(wavSource(speech)), ringSamples: 16_000 };
  return [true, false].map((accelerated) => ({
    name: `the keyword app, ${accelerated ? 'accelerated' : 'with portable kernels'}`,
    ramBytes: 200_000,
    shows: ['event 0 keyword'],
    setup: {
      module: { ...metadata, wasm, rom },
      config,
      sensors: [microphone],
      memoryBytes: 65_536,
      words: [`accel=${accelerated ? 1 : 0}`],
    },
    async run(world) {
      await world.start();
      await world.run(accelerated ? 4000 : 1600);
    },
  }));
}

export const APPS: readonly Scenario[] = await keyword();
