/**
 * Faults that only a board can have: operators with hostile records, and faults of the processor itself. The module is
 * stopped or the node restarts, and the agent runs again and reports the reason.
 */
import { beforeAll, expect, it } from 'vitest';
import { sine } from '../../host/device/node/index.ts';
import type { Board } from '../../host/toolchain/board/board-json.ts';
import { subjectOf } from './boards.ts';
import { type Call, MEMORY_BYTES, probeWasm, SCRATCH, script } from './probe.ts';
import { traceOf } from './trace.ts';
import { type Subject, World } from './world.ts';

/** A program of one entry for each operator at rom offset 0, followed by records filled with `record`. */
function rom(record: number): Uint8Array {
  const bytes = Buffer.alloc(1024);
  for (let operator = 0; operator < 64; operator++) {
    bytes.writeUInt32LE(operator, operator * 8);
    bytes.writeUInt32LE(512, operator * 8 + 4);
  }
  for (let at = 512; at < 1024; at += 4) bytes.writeUInt32LE(record >>> 0, at);
  return bytes;
}

const END = MEMORY_BYTES;
const POINTERS: Call[] = [
  ['nn_run', END, 0, 1],
  ['nn_run', -16, 0, 1],
  ['nn_run', SCRATCH, 1020, 1],
  ['nn_run', SCRATCH, -8, 1],
  ['nn_run', SCRATCH, 0, 0x7fff_ffff],
  ['nn_run', SCRATCH, 0, -1],
  ['nn_real_fft', END - 4, SCRATCH, 0, 512],
  ['nn_real_fft', SCRATCH, END - 4, 0, 512],
  ['nn_real_fft', SCRATCH, SCRATCH, -4, 512],
  ['nn_real_fft', SCRATCH, SCRATCH, 0, -512],
  ['nn_real_fft', SCRATCH, SCRATCH, 0, 0x4000_0000],
  ['nn_filter_bank', END - 4, 0, 0, 40, 0, SCRATCH],
  ['nn_filter_bank', SCRATCH, -4, 0, 40, 0, SCRATCH],
  ['nn_filter_bank', SCRATCH, 0, -4, 40, 0, SCRATCH],
  ['nn_filter_bank', SCRATCH, 0, 0, 0x7fff_ffff, 0, SCRATCH],
  ['nn_filter_bank', SCRATCH, 0, 0, 40, -1, END - 2],
];
const OPERATORS = Array.from({ length: 20 }, (_, operator): Call => ['nn_run', SCRATCH, operator * 8, 1]);

export function survivesHostileModules({ name }: Board): void {
  let subject: Subject;
  beforeAll(async () => {
    subject = await subjectOf(name);
  }, 600_000);

  it.each([
    ['pointers and counts outside everything', 0, POINTERS],
    ['records of ones', 0xffff_ffff, OPERATORS],
    ['records of small numbers', 3, OPERATORS],
    ['records of huge sizes', 0x7fff_fff0, OPERATORS],
    ['records of zeros', 0, OPERATORS],
  ])('survives operators with %s', async (_, record, calls) => {
    const world = new World(subject, { module: { rom: rom(record) }, words: ['accel=1'] });
    try {
      await world.start();
      await world.run(100);
      for (const [i, call] of calls.entries()) {
        world.command(i, script(call));
        // A module that was stopped is restarted after a second.
        await world.run(1500);
        world.command(1000 + i, script(['log', 2, `alive ${i}`]));
        await world.run(100);
      }
    } finally {
      await world.end();
    }
    const trace = traceOf(world.recording);
    for (const i of calls.keys()) expect(trace).toContain(`log info alive ${i}`);
    const reasons = new Set(trace.filter((line) => line.startsWith('log error')).map((line) => line.split(' ')[2]));
    expect([...reasons].filter((code) => code !== 'TRAP_MEMORY')).toEqual([]);
    // The cases in which every record is out of bounds.
    if (calls === POINTERS || record === 0x7fff_fff0) expect(reasons.size).toBe(1);
  });
}

/**
 * An import that is called near the end of the native stack has enough stack of its own, or the module traps before.
 */
export function survivesDeepCalls({ name }: Board): void {
  const calls: Extract<Call, unknown[]>[] = [
    ['kv_set', 'key', 0, 1024],
    ['event', 'deep', Uint8Array.of(0)],
    ['publish', 0, 0, 0, 0, 1024, 0],
    ['log', 2, 0, 256],
    ['sensor_read', 0, SCRATCH, 64],
    ['nn_run', SCRATCH, 0, 1],
  ];
  it.each(calls.map((call) => [call[0], call] as const))(
    'survives %s at each depth',
    async (_, call) => {
      const world = new World(await subjectOf(name), {
        module: { rom: rom(3), sensors: ['mic'] },
        captureBytes: 1600,
        sensors: [{ name: 'mic', ringSamples: 64, source: sine({ rateHz: 1000, frequencyHz: 3, amplitude: 1000 }) }],
        kv: { init: script(['metric', 'a', '1', 0], ['sensor_open', 'mic']) },
      });
      const traps = () => world.shim.get('log').filter(({ text }) => text.startsWith('TRAP_STACK ')).length;
      let asked = 0;
      try {
        await world.start();
        await world.run(100);
        for (; asked < 300 && traps() < 3; asked++) {
          world.command(asked, script(['deep', asked], call));
          await world.run(1100);
        }
      } finally {
        await world.end();
      }
      const trace = traceOf(world.recording);
      expect(trace.filter((line) => line.startsWith('birth 2 '))).toEqual([]);
      expect(trace.filter((line) => line.startsWith('result '))).toHaveLength(asked);
      // To the end of the stack; a process has more stack than the calls can use.
      if (name !== 'linux') expect(traps()).toBe(3);
    },
    120_000,
  );
}

/** With any amount of memory the new module fits or doesn't; the agent continues, and no memory leaks. */
export function survivesModulesWithoutRoom({ name }: Board): void {
  it('continues with each amount of memory, from too little for one module to enough for two', async () => {
    const subject = await subjectOf(name);
    const ends = new Set<string>();
    for (let heap = 22_000; heap < 46_000; heap += name === 'linux' ? 256 : 1024) {
      const setup = { memoryBytes: 60_000, vitalsS: 1, words: [`heap=${heap}`] };
      const world = new World(subject, setup);
      try {
        await world.start();
        await world.run(1100);
        world.push({ sequence: 2, wasm: probeWasm({ memoryBytes: 16_384, answer: -1 }), memoryBytes: 16_384 });
        await world.run(2000);
        world.command(1, script(['time_now']));
        await world.run(100);
      } finally {
        await world.end();
      }
      const trace = traceOf(world.recording);
      const failed = trace.find((line) => line.startsWith('ota rolledback 2 '));
      ends.add(failed?.split(' ')[4] ?? 'none');
      if (
        !trace.includes(
          'birth 1 probe 1.0.1 confirmed metrics agent.stack,agent.heap,agent.heap_peak,agent.slot,agent.asleep,agent.boot commands 1',
        )
      )
        continue;
      expect(failed, `heap ${heap}`).toBeDefined();
      expect(
        trace.some((line) => line.startsWith('result 1 ')),
        `heap ${heap}`,
      ).toBe(true);
      // The values with the old module alone: a second after its start, and after the rollback.
      const inUse = world.shim
        .get('telemetry')
        .filter(({ metric }) => metric === 1)
        .map(({ values }) => values[0]);
      expect(inUse[2], `heap ${heap}`).toBe(inUse[0]);
    }
    expect([...ends].sort()).toEqual(expect.arrayContaining(['HEALTH_FAILING', 'TRAP_MEMORY', 'WASM_LOAD']));
  }, 300_000);
}

/** Processor faults; only for a process, where they are signals. */
export function survivesFaults({ name }: Board): void {
  it('reports a fault of the processor after the restart, and rolls back the interrupted trial', async () => {
    const world = new World(await subjectOf(name, { sanitize: false }), {});
    try {
      await world.start();
      await world.run(100);
      world.push({ sequence: 2, wasm: probeWasm({ answer: 0 }) });
      await world.run(1000);
      world.crash('SIGSEGV');
      await world.run(2000);
    } finally {
      await world.end();
    }
    const trace = traceOf(world.recording);
    expect(trace.some((line) => line.startsWith('log error NODE_FAULT '))).toBe(true);
    expect(trace.some((line) => line.startsWith('ota rolledback 2 ') && line.includes('TRIAL_INTERRUPTED'))).toBe(true);
    expect(trace.some((line) => line.startsWith('birth 2 probe 1.0.1 confirmed'))).toBe(true);
  });

  it('accepts a package when its module faults at each start', async () => {
    const module = { wasm: probeWasm({ answer: 0 }) };
    const world = new World(await subjectOf(name, { sanitize: false }), { module });
    try {
      await world.start();
      await world.run(100);
      world.crash('SIGSEGV');
      await world.run(1500);
      world.crash('SIGSEGV');
      await world.run(1500);
      world.push({ sequence: 2 });
      await world.run(4000);
    } finally {
      await world.end();
    }
    const trace = traceOf(world.recording);
    const births = trace.filter((line) => line.startsWith('birth '));
    expect(births.some((line) => line.startsWith('birth 2 probe 1.0.1 confirmed'))).toBe(true);
    expect(births.find((line) => line.startsWith('birth 3 '))).toMatch(/^birth 3 nothing /);
    expect(births.filter((line) => line.startsWith('birth 3 probe 1.0.1'))).toEqual([]);
    expect(births.at(-1)).toMatch(/^birth 3 probe 1.0.2 confirmed /);
  });

  it('does not try a package again that was ready when the processor faulted', async () => {
    const world = new World(await subjectOf(name, { sanitize: false }), {});
    world.receive({ sequence: 2 });
    try {
      await world.start();
      await world.run(100);
      world.crash('SIGSEGV');
      await world.run(1000);
      world.push({ sequence: 2 });
      await world.run(1000);
    } finally {
      await world.end();
    }
    const trace = traceOf(world.recording);
    expect(trace.some((line) => line.startsWith('ota rolledback 2 ') && line.includes('NODE_FAULT'))).toBe(true);
    expect(trace.some((line) => line.startsWith('ota trial'))).toBe(false);
    expect(trace.some((line) => line.startsWith('birth 2 probe 1.0.1 confirmed'))).toBe(true);
  });
}
