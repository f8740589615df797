// Nodes of a simulated plant on one core, in virtual time: node bench/plant.mjs [--nodes N] (after npm run setup).
// How many times faster than real time they run their modules, and the memory that a node takes; writes
// bench/plant.json. One process has one compiled module for all its nodes; two processes would use two cores. The speed
// by processor time doesn't depend on what else the machine does.
//
// vibration: the app of new projects, which reads every sample of 1 kHz and steps 20 times a second. condition: a window
// of 1024 samples at 6.4 kHz once a minute, with FFT and score. motor: temperature and current at 1 Hz.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { root } from '../scripts/run.mjs';

const CASES = {
  vibration: { node: { app: 'vibration', sensors: '{ accelerometer: 1000 }' }, seconds: 30 },
  condition: {
    node: { app: 'condition', sensors: '{ accelerometer: 6400 }', ring: 1024, config: '{ interval: 60 }' },
    seconds: 3600,
  },
  motor: { node: { app: 'motor', sensors: '{ temperature: 1, current: 1 }' }, seconds: 3600 },
};

const numberAfter = (name, otherwise) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const NODES = numberAfter('--nodes', 1000);

/** One case in this process: a fresh heap, and no code that another case has compiled. */
async function measure(name) {
  const { parsePlan, runPlant } = await import(pathToFileURL(join(root, 'dist/host/toolchain/plant/index.js')).href);
  const { node, seconds } = CASES[name];
  const fields = Object.entries({ name: 'n', ...node }).map(([key, value]) => `${key}: ${value}`);
  const kinds = ['pump', 'fan', 'press'].map((kind, i) => {
    return `  - { name: ${kind}, kind: ${kind}, count: ${Math.floor((NODES + i) / 3)} }`;
  });
  const text = `machines:\n${kinds.join('\n')}\nnodes:\n  - { ${fields.join(', ')} }\n`;
  // Nodes start within this time; only what follows is measured.
  const START_S = 10;
  const plan = parsePlan(text, join(root, 'bench/plant.yaml'));
  const few = parsePlan(text.replace(/count: \d+/g, 'count: 1'), join(root, 'bench/plant.yaml'));
  const never = new Promise(() => {});
  const run = (of, seconds, onProgress) =>
    runPlant({ plan: of, seconds, spreadS: START_S, out: null, gateway: null, stopped: never, onProgress });
  // Builds and compiles what all nodes share.
  await run(few, START_S + 60);
  globalThis.gc();
  const before = process.memoryUsage.rss();
  let started;
  let peak = 0;
  const end = await run(plan, START_S + seconds, (progress) => {
    if (progress.plantS >= START_S) started ??= { ...progress, cpu: process.cpuUsage() };
    peak = Math.max(peak, process.memoryUsage.rss());
  });
  const { user, system } = process.cpuUsage(started.cpu);
  const plantS = end.plantS - started.plantS;
  const times = (seconds) => Math.round((plantS / seconds) * 10) / 10;
  return {
    nodes: end.nodes.v8,
    timesRealTime: times(end.wallS - started.wallS),
    timesRealTimeByCpu: times((user + system) / 1e6),
    kilobytesPerNode: Math.round((peak - before) / 1000 / end.nodes.v8),
    frames: end.telemetry,
    faults: end.faults,
  };
}

const only = process.argv.indexOf('--case');
if (only >= 0) {
  console.log(JSON.stringify(await measure(process.argv[only + 1])));
} else {
  const cases = {};
  for (const name of Object.keys(CASES)) {
    const args = ['--expose-gc', fileURLToPath(import.meta.url), '--nodes', `${NODES}`, '--case', name];
    const { stdout, status } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) throw new Error(`${name} ended with ${status}.`);
    cases[name] = JSON.parse(stdout);
    const { nodes, timesRealTime, timesRealTimeByCpu, kilobytesPerNode } = cases[name];
    console.log(
      `${name.padEnd(10)} ${nodes} nodes, ${timesRealTime} times real time (${timesRealTimeByCpu} by processor time), ${kilobytesPerNode} kB a node`,
    );
  }
  const result = { cpu: cpus()[0].model, node: process.version, cores: 1, cases };
  writeFileSync(join(root, 'bench/plant.json'), `${JSON.stringify(result, null, 2)}\n`);
}
