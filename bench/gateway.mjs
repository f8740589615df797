// A gateway with 100 nodes, alone and beside each attack: node bench/gateway.mjs [--only TEXT] (after npm run setup).
// Measures the time from a node's event to its arrival at a reader of the broker, and writes bench/gateway.json. With
// --only it runs the attacks whose name contains TEXT, and writes no file. The gateway, its nodes and the attacker are
// processes of one machine. The attacker has the lowest priority: an attacker elsewhere takes no time of the gateway's
// processors.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { root } from '../scripts/run.mjs';

const load = (path) => import(pathToFileURL(join(root, 'dist/host', path)).href);
const { backgroundClock } = await load('base/index.js');
const { connectTcp, nodeLink, socketTransport } = await load('device/link/index.js');
const { encodeEnvelope, parseEnvelope } = await load('device/package/suit.js');
const { buildPackage, generateKeyPair } = await load('device/package/index.js');
const { MqttClient } = await load('messaging/mqtt/index.js');

const NODES = 100;
const PERIOD_MS = 1000;
/**
 * Each attack is measured in rounds, each after a phase without it, because the load of a machine changes. The figures are
 * medians of the rounds, so that other work of the machine in one of them doesn't count.
 */
const ROUNDS = 5;
const PHASE_S = 5;

const birth = (node) => ({
  type: 'birth',
  node,
  boot: 1,
  firmware: { name: 'bench', version: '1.0.0' },
  module: null,
  metrics: [],
  commands: [],
});
const session = () => randomBytes(4).readUInt32LE();
const join1 = (transport, node, onUp) => {
  const link = nodeLink({
    clock: backgroundClock,
    newSessionId: session,
    onMessage: () => {},
    onPeer: () => {
      link.send(birth(node));
      onUp?.();
    },
  });
  link.attach(transport);
  return link;
};
const every = (ms, work) => setInterval(work, ms);

/** A command whose body has 14 levels of 20 references to shared values. */
function sharedValues() {
  const shared = (id) =>
    `d81c94${id === 14 ? '00' : shared(id + 1)}${`d81d${(id + 1).toString(16).padStart(2, '0')}`.repeat(19)}`;
  return Buffer.from(`a2646e616d65616164626f6479${shared(0)}`, 'hex');
}

/** A package with 11,000 signatures in its envelope: 1 MB, nearly the largest message that the broker takes. */
function manySignatures() {
  const { privateKey } = generateKeyPair();
  const metadata = { name: 'x', version: '1.0.0', abi: 65536, memoryBytes: 1024, sensors: [], metrics: [] };
  const target = { product: '', node: '', group: '', maxStep: 1 };
  const rest = { commands: [], models: [], fuel: 1000n, trialMs: 1000, ...target };
  const wasm = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
  const bytes = buildPackage({
    wasm,
    rom: new Uint8Array(16),
    metadata: { ...metadata, ...rest },
    sequence: 1,
    privateKey,
  });
  const envelope = parseEnvelope(bytes);
  return encodeEnvelope({ ...envelope, signatures: Array.from({ length: 11_000 }, () => envelope.signatures[0]) });
}

const publisher = async (url) => {
  const client = new MqttClient({ url, clientId: `attack-${process.pid}` });
  await client.connect();
  return client;
};

/** By their names: what each does until it is killed. */
const ATTACKS = {
  'commands with shared values, 200 a second': async ({ url }) => {
    const client = await publisher(url);
    const payload = sharedValues();
    every(5, () => void client.publish('mote/d/n0/cmd', payload, { qos: 1 }).catch(() => {}));
  },
  'a package of 1 MB with 11,000 signatures, once a second': async ({ url }) => {
    const client = await publisher(url);
    const payload = manySignatures();
    let n = 0;
    every(1000, () => {
      payload[payload.length - 1] = n++;
      void client.publish('mote/d/n1/desired', payload, { qos: 1 }).catch(() => {});
    });
  },
  '60 connections to the broker that send 12 MB without a login': ({ url }) => {
    const part = Buffer.alloc(64 * 1024);
    const open = () => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
        socket.write(Buffer.from('1080808006', 'hex'));
        for (let i = 0; i < 180; i++) socket.write(part);
      });
      socket.on('error', () => {});
      socket.on('close', () => setTimeout(open, 100));
    };
    for (let i = 0; i < 60; i++) open();
  },
  'peers from elsewhere with the names of nodes, 50 a second': ({ port }) => {
    let n = 0;
    every(20, () => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' }, () => {
        const link = join1(socketTransport(socket), `n${n++ % NODES}`);
        setTimeout(() => link.close(), 1000);
      });
      socket.on('error', () => {});
    });
  },
  '50 connections to the link port that send noise': ({ port }) => {
    const open = () => {
      const socket = connect(port, '127.0.0.1');
      const timer = every(100, () => socket.write(randomBytes(4096)));
      socket.on('error', () => {});
      socket.on('close', () => {
        clearInterval(timer);
        setTimeout(open, 100);
      });
      socket.resume();
    };
    for (let i = 0; i < 50; i++) open();
  },
  'links that never send a birth, 100 a second': ({ port }) => {
    every(10, () => {
      const socket = connect(port, '127.0.0.1');
      const link = nodeLink({ clock: backgroundClock, newSessionId: session, onMessage: () => {} });
      link.attach(socketTransport(socket));
      socket.on('error', () => {});
    });
  },
};

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? null;

/** Runs one phase. Returns its figures: milliseconds, and events that never came. */
async function measure(nodes, reader) {
  const took = [];
  const sent = new Map();
  reader.heard = (id) => {
    const start = sent.get(id);
    if (start === undefined) return;
    sent.delete(id);
    took.push(performance.now() - start);
  };
  const timers = nodes.map((node, i) => {
    const send = () => {
      const seq = node.seq++;
      sent.set(`${node.id}/${seq}`, performance.now());
      node.link.send({ type: 'event', name: 'e', tMs: Date.now(), seq, body: Uint8Array.of(1) });
    };
    let timer;
    const first = setTimeout(
      () => {
        send();
        timer = every(PERIOD_MS, send);
      },
      (i * PERIOD_MS) / NODES,
    );
    return () => {
      clearTimeout(first);
      clearInterval(timer);
    };
  });
  await new Promise((resolve) => setTimeout(resolve, PHASE_S * 1000));
  for (const stop of timers) stop();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  took.sort((a, b) => a - b);
  return { events: took.length, missing: sent.size, p50Ms: quantile(took, 0.5), p99Ms: quantile(took, 0.99) };
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
const tenths = (values) =>
  Math.round(
    quantile(
      values.toSorted((a, b) => a - b),
      0.5,
    ) * 10,
  ) / 10;
const figuresOf = (rounds) => ({
  events: sum(rounds.map(({ events }) => events)),
  missing: sum(rounds.map(({ missing }) => missing)),
  p50Ms: tenths(rounds.map(({ p50Ms }) => p50Ms)),
  p99Ms: tenths(rounds.map(({ p99Ms }) => p99Ms)),
});

async function run(only) {
  const dir = mkdtempSync(join(tmpdir(), 'moteware-bench-gateway-'));
  const main = join(root, 'dist/host/cli/main.js');
  const args = ['shim', '--json', '--listen', '127.0.0.1:0', '--broker', 'embedded:0', '--data', dir];
  const gateway = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let reports = 0;
  const at = await new Promise((resolve, reject) => {
    gateway.on('exit', () => reject(new Error('the gateway ended')));
    createInterface({ input: gateway.stdout }).on('line', (line) => {
      const value = JSON.parse(line);
      if (value.type === 'listening') resolve({ port: value.port, url: value.broker });
      if (value.type === 'problem') reports++;
    });
  });
  const reader = { heard: () => {} };
  const client = new MqttClient({ url: at.url, clientId: 'reader' });
  await client.connect();
  await client.subscribe({ filter: 'mote/d/+/e', qos: 1 }, ({ topic, properties }) => {
    reader.heard(`${topic.split('/')[2]}/${String(properties.userProperties?.id).split('-').at(-1)}`);
  });
  const nodes = await Promise.all(
    Array.from({ length: NODES }, async (_, i) => {
      const transport = await connectTcp(at.port, '127.0.0.1', 'the gateway');
      return new Promise((resolve) => {
        const link = join1(transport, `n${i}`, () => resolve({ id: `n${i}`, seq: 0, link }));
      });
    }),
  );
  const rows = [];
  const warm = await measure(nodes, reader);
  console.log(`warm-up: ${JSON.stringify(figuresOf([warm]))}`);
  for (const name of Object.keys(ATTACKS).filter((text) => text.includes(only))) {
    const rounds = { before: [], during: [] };
    reports = 0;
    for (let round = 0; round < ROUNDS; round++) {
      rounds.before.push(await measure(nodes, reader));
      const attacker = spawn(process.execPath, [fileURLToPath(import.meta.url), name, JSON.stringify(at)], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      setPriority(attacker.pid, constants.priority.PRIORITY_LOW);
      rounds.during.push(await measure(nodes, reader));
      if (attacker.exitCode !== null) throw new Error(`the attacker ended with code ${attacker.exitCode}`);
      attacker.kill();
    }
    const before = figuresOf(rounds.before);
    const during = figuresOf(rounds.during);
    const ratio = Math.round((during.p99Ms / before.p99Ms) * 100) / 100;
    rows.push({ attack: name, before, during, ratio, reports, linksUp: nodes.filter(({ link }) => link.up).length });
    console.log(JSON.stringify(rows.at(-1)));
  }
  const memory = process.platform === 'linux' ? await rss(gateway.pid) : null;
  const result = { nodes: NODES, periodMs: PERIOD_MS, phaseSeconds: PHASE_S, gatewayPeakMiB: memory, rows };
  if (only === '') writeFileSync(join(root, 'bench/gateway.json'), `${JSON.stringify(result, null, 2)}\n`);
  gateway.removeAllListeners('exit');
  const ended = new Promise((resolve) => gateway.on('exit', resolve));
  gateway.kill();
  await ended;
  rmSync(dir, { recursive: true });
  process.exit(0);
}

/** Largest resident memory of a process since its start. */
async function rss(pid) {
  const { readFileSync } = await import('node:fs');
  const [, kib] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kib) / 1024);
}

const [attack, where] = process.argv.slice(2);
if (attack === undefined) await run('');
else if (attack === '--only') await run(where ?? '');
else await ATTACKS[attack](JSON.parse(where));
