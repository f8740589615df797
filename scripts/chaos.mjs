// Breaks a plant on purpose: nodes -> `mote shim` -> mosquitto -> `mote forward` -> another broker, each as a process,
// while the nodes send events. In each round one thing goes wrong. At the end all is repaired, and each event must have
// arrived at the last broker, with one id, in the order of its node.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { freePort } from './free-port.mjs';
import { bold, dim, root, step } from './run.mjs';

const usage = `node scripts/chaos.mjs [--rounds N] [--nodes N]
  --rounds N   things that go wrong (default 40)
  --nodes N    nodes that send events (default 5)
Needs mosquitto (apt install mosquitto). As root it also fills the disk, which is a small tmpfs then.`;
if (process.argv.includes('--help')) {
  console.log(usage);
  process.exit(0);
}
function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? otherwise : Number(process.argv[at + 1]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error(`--${name} takes a number from 1 on\n\n${usage}`);
  process.exit(2);
}
const ROUNDS = option('rounds', 40);
const NODES = option('nodes', 5);
const EVENTS_PER_SECOND = 20;
/** All must have arrived after a time without progress of this length. */
const PATIENCE_MS = 90_000;

await step('Setting up', process.execPath, ['scripts/setup.mjs']);
const load = (path) => import(pathToFileURL(join(root, 'dist/host', path)).href);
const { backgroundClock } = await load('base/index.js');
const { connectTcp, nodeLink } = await load('device/link/index.js');
const { MqttClient } = await load('messaging/mqtt/index.js');
const { startEmbeddedBroker } = await load('messaging/broker/index.js');
const { decodeEvent } = await load('messaging/topics/index.js');

const MOSQUITTO = ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/opt/homebrew/sbin']
  .map((folder) => join(folder, 'mosquitto'))
  .find(existsSync);
if (MOSQUITTO === undefined) {
  console.error('needs mosquitto (apt install mosquitto)');
  process.exit(2);
}

const random = (below) => Math.floor(Math.random() * below);
const pick = (list) => list[random(list.length)];
const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const dir = mkdtempSync(join(tmpdir(), 'moteware-chaos-'));
const data = join(dir, 'data');
mkdirSync(data);
/** The data of both processes are on a disk of their own, which can be filled. */
const small = ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', data];
const mounted = process.getuid?.() === 0 && spawnSync('mount', small).status === 0;
const faults = new Map();
// One for each process that was started.
process.setMaxListeners(0);

function start(name, command, args, { env = {}, ready } = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  const program = { name, child, ended: new Promise((resolve) => child.once('exit', resolve)) };
  process.once('exit', () => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  program.line = new Promise((resolve, reject) => {
    lines.on('line', (line) => ready?.(line) && resolve(line));
    program.ended.then(() => reject(new Error(`${name} ended`)));
  });
  program.line.catch(() => {});
  return program;
}
async function end(program, signal) {
  program.child.kill(signal);
  await program.ended;
}
/** A day back in time, of the whole process. */
const DAY_BACK = { NODE_OPTIONS: '--import=data:text/javascript,{const{now}=Date;Date.now=()=>now()-864e5}' };

// --- The parts of the plant. ---
const [localPort, linkPort] = [await freePort(), await freePort()];
const local = `mqtt://127.0.0.1:${localPort}`;
const centre = await startEmbeddedBroker({ port: 0 });
const config = join(dir, 'mosquitto.conf');
mkdirSync(join(dir, 'mosquitto'));
const lines = [
  `listener ${localPort} 127.0.0.1`,
  'allow_anonymous true',
  'persistence true',
  'max_queued_messages 0',
  'log_type none',
];
if (process.getuid?.() === 0) lines.push('user root');
writeFileSync(config, `${[...lines, `persistence_location ${join(dir, 'mosquitto')}/`].join('\n')}\n`);

async function startBroker() {
  const program = start('mosquitto', MOSQUITTO, ['-c', config]);
  for (let up = false; !up; ) {
    up = await new Promise((resolve) => {
      const socket = connect(localPort, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => setTimeout(() => resolve(false), 20));
    });
  }
  return program;
}
const mote = (name, args, ready, env) =>
  start(name, process.execPath, [join(root, 'dist/host/cli/main.js'), ...args, '--json'], { env, ready });
async function startShim(env) {
  const args = ['shim', '--broker', local, '--listen', `127.0.0.1:${linkPort}`, '--data', join(data, 'gateway')];
  const shim = mote('mote shim', args, (line) => line.includes('"listening"'), env);
  await shim.line;
  return shim;
}
async function startForward(env) {
  const args = ['forward', '--site', 'chaos', '--broker', local, '--to', centre.url, '--data', join(data, 'forward')];
  const forward = mote('mote forward', args, (line) => line.includes('"forwarding"'), env);
  await forward.line;
  return forward;
}

/** Connects again whenever its connection ends. */
class ChaosNode {
  constructor(id) {
    this.id = id;
    this.sent = 0;
    this.waiting = [];
    this.link = nodeLink({
      clock: backgroundClock,
      newSessionId: () => randomBytes(4).readUInt32LE(),
      onMessage: () => {},
      onPeer: (pending) => {
        this.link.send(this.birth());
        this.waiting.unshift(...pending.filter(({ type }) => type === 'event'));
        this.flush();
      },
      onDrain: () => this.flush(),
    });
  }
  birth() {
    const firmware = { name: 'chaos', version: '1.0.0' };
    return { type: 'birth', node: this.id, boot: 1, firmware, module: null, metrics: [], commands: [] };
  }
  async connect() {
    for (;;) {
      try {
        this.transport = await connectTcp(linkPort);
        const over = new Promise((resolve) => this.transport.onClose(resolve));
        this.link.attach(this.transport);
        await over;
      } catch {}
      await delay(100);
    }
  }
  event() {
    const seq = this.sent++;
    this.waiting.push({ type: 'event', name: 'count', tMs: Date.now(), seq, body: Uint8Array.of(0xf6) });
    this.flush();
  }
  flush() {
    while (this.waiting.length > 0 && this.link.send(this.waiting[0])) this.waiting.shift();
  }
}

/** What has arrived at the centre: by node, the ids of each event, in the order of their first arrival. */
const arrived = new Map();
let messages = 0;
let progressMs = Date.now();
const reader = new MqttClient({ url: centre.url, clientId: 'chaos-reader' });
await reader.connect();
let probed = false;
await reader.subscribe({ filter: 'mote/#', qos: 1 }, ({ topic, payload, properties }) => {
  if (topic === 'mote/probe') probed = true;
  const [, , node, channel] = topic.split('/');
  if (channel !== 'e') return;
  messages++;
  const events = arrived.get(node) ?? new Map();
  const { seq } = decodeEvent(payload);
  if (!events.has(seq)) progressMs = Date.now();
  events.set(seq, (events.get(seq) ?? new Set()).add(properties.userProperties.id));
  arrived.set(node, events);
});

let broker = await startBroker();
let forward = await startForward();
const probe = new MqttClient({ url: local, clientId: 'chaos-probe' });
await probe.connect();
while (!probed) {
  await probe.publish('mote/probe', Buffer.from('x'), { qos: 1 });
  await delay(50);
}
probe.close();
let shim = await startShim();
const nodes = Array.from({ length: NODES }, (_, i) => new ChaosNode(`n${i}`));
for (const node of nodes) void node.connect();
const sending = setInterval(() => pick(nodes).event(), 1000 / EVENTS_PER_SECOND / NODES);

/** Half a record at the end of the newest file, as the end of a process in the midst of a write leaves it. */
function tear(folder) {
  const newest = readdirSync(folder)
    .filter((name) => /^\d{10}\.log$/.test(name))
    .sort()
    .at(-1);
  if (newest === undefined) return;
  const head = Buffer.alloc(8 + random(40));
  head.writeUInt32LE(200, 0);
  appendFileSync(join(folder, newest), head);
}
/** Fills the disk until the returned function is called. */
function fill() {
  const ballast = join(data, 'ballast');
  const { bavail, bsize } = statfsSync(data);
  try {
    writeFileSync(ballast, Buffer.alloc(bavail * bsize));
  } catch {}
  return () => rmSync(ballast, { force: true });
}

const sometimesBack = () => (random(3) === 0 ? DAY_BACK : {});
async function killShim() {
  await end(shim, 'SIGKILL');
  if (random(2) === 0) tear(join(data, 'gateway', 'queue'));
  shim = await startShim(sometimesBack());
}
async function killForward() {
  await end(forward, 'SIGKILL');
  if (random(2) === 0) tear(join(data, 'forward', 'queue'));
  forward = await startForward(sometimesBack());
}
async function brokerAway() {
  await end(broker, 'SIGTERM');
  await delay(500 + random(3000));
  broker = await startBroker();
}
async function cutLinks() {
  for (const { transport } of nodes) transport?.close();
}
async function diskFull() {
  const free = fill();
  await delay(500 + random(2000));
  // Some processes end with a full disk, and start when it isn't any more.
  const ends = [killShim, killForward].filter(() => random(3) === 0);
  const killed = ends.map(async (kill) => {
    free();
    await kill();
  });
  await Promise.all(killed);
  free();
}
const FAULTS = [
  ['gateway killed', killShim],
  ['forward killed', killForward],
  ['broker away', brokerAway],
  ['links cut', cutLinks],
  ['all at once', () => Promise.all([killShim(), killForward(), brokerAway()])],
  ...(mounted ? [['disk full', diskFull]] : []),
];

const started = Date.now();
for (let round = 0; round < ROUNDS; round++) {
  await delay(200 + random(1000));
  const [name, fault] = pick(FAULTS);
  faults.set(name, (faults.get(name) ?? 0) + 1);
  console.log(dim(`${String(round + 1).padStart(4)}  ${name}`));
  await fault();
}

clearInterval(sending);
const sent = nodes.reduce((sum, node) => sum + node.sent, 0);
const count = () => [...arrived.values()].reduce((sum, events) => sum + events.size, 0);
progressMs = Date.now();
while (count() < sent && Date.now() - progressMs < PATIENCE_MS) await delay(100);

const doubled = [...arrived.values()].flatMap((events) => [...events.values()].filter(({ size }) => size > 1)).length;
const isAscending = (list) => list.every((seq, i) => i === 0 || list[i - 1] < seq);
const unordered = [...arrived.values()].filter((events) => !isAscending([...events.keys()])).length;
const lost = sent - count();
console.log(bold(`\n${ROUNDS} faults in ${Math.round((Date.now() - started) / 1000)} s`));
for (const [name, times] of faults) console.log(`  ${name}: ${times}`);
console.log(`events sent by ${NODES} nodes   ${sent}`);
console.log(`arrived at the centre     ${count()}`);
console.log(`lost                      ${lost}`);
console.log(`with two ids              ${doubled}`);
console.log(`nodes out of order        ${unordered}`);
console.log(`arrived again (same id)   ${messages - count()}`);
if (!mounted) console.log(dim('The disk was not filled: that needs root and Linux.'));

await Promise.all([end(shim, 'SIGTERM'), end(forward, 'SIGTERM'), end(broker, 'SIGTERM')]);
if (mounted) spawnSync('umount', [data]);
rmSync(dir, { recursive: true, force: true });
process.exit(lost + doubled + unordered === 0 ? 0 : 1);
