// Tries the JSON of `mote shim --payload json` with Node-RED: node scripts/try-node-red.mjs [FOLDER]
// Installs Node-RED from npm into FOLDER (default: build/node-red; about 100 MB) unless it is there, starts a gateway, a
// simulated node and Node-RED with a flow that reads events and telemetry, and ends when the flow has passed on both.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { MqttClient } from '../dist/host/messaging/mqtt/index.js';
import { freePort } from './free-port.mjs';
import { root } from './run.mjs';

const VERSION = '4.1.8';
const LIMIT_MS = 120_000;
const folder = resolve(process.argv[2] ?? join(root, 'build', 'node-red'));
const mote = join(root, 'dist', 'host', 'cli', 'main.js');
const children = [];

function start(command, args, cwd) {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let text = '';
  const waiting = [];
  const look = (chunk) => {
    text += chunk;
    for (const { pattern, done } of waiting) if (pattern.test(text)) done();
  };
  child.stdout.on('data', look);
  child.stderr.on('data', look);
  const ended = new Promise((done) => child.on('close', done));
  const prints = (pattern) =>
    new Promise((done, fail) => {
      waiting.push({ pattern, done });
      look('');
      ended.then((code) => fail(new Error(`${command} ${args[0]} ended with ${code}: ${text}`)));
    });
  return { prints, ended };
}

/** Reads events and telemetry as JSON and publishes one member of each on `seen/...`. */
function flow(port) {
  const broker = {
    id: 'b',
    type: 'mqtt-broker',
    broker: '127.0.0.1',
    port: String(port),
    protocolVersion: '5',
    clientid: '',
  };
  const path = (name, topic, member) => [
    { id: `${name}1`, type: 'mqtt in', z: 'f', topic, qos: '1', datatype: 'json', broker: 'b', wires: [[`${name}2`]] },
    {
      ...{ id: `${name}2`, type: 'change', z: 'f', wires: [[`${name}3`]] },
      rules: [
        { t: 'set', p: 'payload', pt: 'msg', to: member, tot: 'msg' },
        { t: 'set', p: 'topic', pt: 'msg', to: `seen/${name}`, tot: 'str' },
      ],
    },
    { id: `${name}3`, type: 'mqtt out', z: 'f', topic: '', qos: '1', retain: 'false', broker: 'b', wires: [] },
  ];
  return [
    { id: 'f', type: 'tab', label: 'mote' },
    broker,
    ...path('event', 'mote/json/+/event/#', 'payload.body.alarm'),
    ...path('value', 'mote/json/+/metric/#', 'payload.value'),
  ];
}

const command = join(folder, 'node_modules', 'node-red', 'red.js');
if (!existsSync(command)) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private": true}');
  await start('npm', ['install', `node-red@${VERSION}`, '--no-audit', '--no-fund'], folder).ended;
}
const work = mkdtempSync(join(tmpdir(), 'moteware-node-red-'));
const limit = setTimeout(() => {
  console.error(`Node-RED passed nothing on within ${LIMIT_MS / 1000} s`);
  finish(1);
}, LIMIT_MS);

function finish(code) {
  clearTimeout(limit);
  for (const child of children) child.kill('SIGKILL');
  rmSync(work, { recursive: true, force: true });
  process.exit(code);
}

const [port, brokerPort, redPort] = [await freePort(), await freePort(), await freePort()];
const shim = start(
  process.execPath,
  [mote, 'shim', '-l', `127.0.0.1:${port}`, '-b', `embedded:${brokerPort}`, '--payload', 'json'],
  work,
);
await shim.prints(/nodes connect to/);
writeFileSync(join(work, 'flows.json'), JSON.stringify(flow(brokerPort)));
writeFileSync(join(work, 'settings.js'), 'module.exports = { flowFile: "flows.json", credentialSecret: false };');
const red = start(
  process.execPath,
  [command, '-u', work, '-s', join(work, 'settings.js'), '-p', String(redPort)],
  work,
);
await red.prints(/Connected to broker/);
const client = new MqttClient({ url: `mqtt://127.0.0.1:${brokerPort}`, clientId: 'try' });
await client.connect({ retry: false });
const seen = {};
await client.subscribe({ filter: 'seen/#', qos: 1 }, ({ topic, payload }) => {
  seen[topic] ??= Buffer.from(payload).toString();
  if (seen['seen/event'] === undefined || seen['seen/value'] === undefined) return;
  console.log(`Node-RED ${VERSION} passed on: alarm=${seen['seen/event']}, vibration.rms=${seen['seen/value']}`);
  finish(0);
});
const app = join(root, 'assembly', 'apps', 'vibration');
const key = start(process.execPath, [mote, 'key', 'new'], work);
await key.ended;
start(
  process.execPath,
  [
    mote,
    'sim',
    app,
    '-i',
    'sine:rate=1000,freq=25,amplitude=600',
    '--connect',
    `127.0.0.1:${port}`,
    '--key',
    'release.pem',
  ],
  work,
);
