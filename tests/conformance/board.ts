/** A board's node, as a process or in QEMU, in virtual time over its simulator channel. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MoteError } from '../../host/base/index.ts';
import type { SensorOptions, SensorSource } from '../../host/device/node/index.ts';
import type { Board } from '../../host/toolchain/board/board-json.ts';
import { NODE_EXIT, startNode } from '../../host/toolchain/board/qemu.ts';
import { SimClock } from '../../host/toolchain/board/sim-clock.ts';
import { type Geometry, type Life, NODE_ID, SEED, type Start, type Subject } from './world.ts';

const HEADER_BYTES = 4096;

/** The contents of a flash file, docs/spec/flash.md. */
export function flashFile({ sizeBytes, pageBytes, writeBytes }: Geometry, image: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(`moteware flash 1\nsize ${sizeBytes} page ${pageBytes} write ${writeBytes}\n`);
  return Buffer.concat([header, image]);
}

export function sensorWord({ name, source, ringSamples }: SensorOptions): string {
  return `sensor=${name}:${source.rateMilliHz}:${source.channels}:${ringSamples}`;
}

export function boardSubject(board: Board, elf: string, geometry: Geometry): Subject {
  return { name: board.name, geometry, start: (options) => start(board, elf, geometry, options) };
}

async function start(board: Board, elf: string, geometry: Geometry, options: Start): Promise<Life> {
  const { setup, flash, clock, transport, onTap } = options;
  const sensors = setup.sensors ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'mote-conformance-'));
  const path = join(folder, 'flash.bin');
  writeFileSync(path, flashFile(geometry, flash));
  const sim = new SimClock({
    folder,
    clock,
    transport,
    sensors: sensors.map(({ source }) => source as SensorSource),
    onTap,
  });
  const words = [
    ...['clock=virtual', 'side=1', `id=${NODE_ID}`, `seed=${SEED}`],
    ...[`memory=${setup.memoryBytes ?? 16_384}`, `vitals=${setup.vitalsS ?? 0}`],
    `windows=${setup.captureBytes ?? 0}`,
    ...sensors.map(sensorWord),
    ...(setup.words ?? []),
  ];
  const node = await startNode(board, elf, { folder, options: words });
  let stopping = false;
  node.ended.then(({ code, output }) => {
    if (stopping) return;
    const what = code === NODE_EXIT.cut ? 'TEST' : 'NODE_ENDED';
    sim.fail(new MoteError(what, `${board.name} ended with ${code}:\n${output.slice(-4000)}`));
  });
  return {
    runUntil: (us) => sim.runUntil(us),
    crash(signal) {
      sim.restarting();
      process.kill(node.pid, signal);
    },
    async stop() {
      stopping = true;
      await node.kill();
      sim.close();
      const image = readFileSync(path).subarray(HEADER_BYTES);
      rmSync(folder, { recursive: true, force: true });
      return new Uint8Array(image);
    },
  };
}
