// Messages a second through each decoder, on one core: node bench/decode.mjs (after npm run setup). Best of several
// runs; writes bench/decode.json. Each message has 20 values, so points a second are 20 times as many.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sparkplug from 'sparkplug-payload';
import { root } from '../scripts/run.mjs';

const load = (path) => import(pathToFileURL(join(root, 'dist/host', path)).href);
const { createDecoder, DecoderFold } = await load('site/decode/index.js');
const { encodeState, encodeTelemetry } = await load('messaging/topics/index.js');

const START_MS = 1_790_000_000_000;
const values = Array.from({ length: 20 }, (_, i) => 2100 + ((i * 37) % 100));
const bytes = (text) => new TextEncoder().encode(text);
const raw = (topic, payload) => {
  return { id: 1, receivedUs: START_MS * 1000 + 2e6, source: 'bench', topic, properties: {}, payload };
};

const metrics = [{ name: 'temperature', unit: 'Cel', exponent: -2 }];
const birth = {
  type: 'birth',
  node: 'p7',
  boot: 1,
  firmware: { name: 'f', version: '1' },
  module: null,
  metrics,
  commands: [],
};
const frame = { type: 'telemetry', metric: 0, t0Ms: START_MS, dtUs: 50_000, values, exponent: -2, quality: 0, seq: 1 };
const records = values.map((v, i) => ({ ts: START_MS + i * 50, temperature: v / 100 }));
const fields = [{ at: '/temperature', name: 'temperature', unit: 'Cel', exponent: -2 }];
const tahu = sparkplug.get('spBv1.0');
const born = { timestamp: START_MS, metrics: [{ name: 'temperature', alias: 1, type: 'Float', value: 21 }] };
const data = records.map(({ ts, temperature }) => ({ alias: 1, timestamp: ts, type: 'Float', value: temperature }));
const named = { series: [{ name: 'temperature', exponent: -2 }] };

const cases = {
  mote: [
    { kind: 'mote', version: 1, options: {} },
    raw('mote/d/p7/t', encodeTelemetry(frame)),
    raw('mote/d/p7/s', encodeState({ online: true, node: 'p7', boot: 1, birth })),
  ],
  json: [
    { kind: 'json', version: 1, options: { device: { topic: 0 }, time: { at: '/ts', format: 'ms' }, fields } },
    raw('p7', bytes(JSON.stringify(records))),
  ],
  senml: [
    { kind: 'senml', version: 1, options: { device: 'p7', ...named } },
    raw(
      'p7',
      bytes(JSON.stringify(records.map(({ ts, temperature }) => ({ n: 'temperature', t: ts / 1000, v: temperature })))),
    ),
  ],
  sparkplug: [
    { kind: 'sparkplug', version: 1, options: named },
    raw('spBv1.0/g/NDATA/e', tahu.encodePayload({ timestamp: START_MS, seq: 1, metrics: data })),
    raw('spBv1.0/g/NBIRTH/e', tahu.encodePayload({ ...born, seq: 0 })),
  ],
  'line-protocol': [
    {
      kind: 'line-protocol',
      version: 1,
      options: { device: { at: 'host' }, precision: 'ms', series: [{ name: 'm/temperature', exponent: -2 }] },
    },
    raw('x', bytes(records.map(({ ts, temperature }) => `m,host=p7 temperature=${temperature} ${ts}`).join('\n'))),
  ],
  csv: [
    {
      kind: 'csv',
      version: 1,
      options: { device: 'p7', time: { at: 'ts', format: 'ms' }, fields: [{ ...fields[0], at: 'temperature' }] },
    },
    raw('x', bytes(['ts,temperature', ...records.map(({ ts, temperature }) => `${ts},${temperature}`)].join('\n'))),
  ],
};

const messagesPerSecond = {};
for (const [kind, [description, message, first]] of Object.entries(cases)) {
  const fold = new DecoderFold(createDecoder(description));
  if (first) fold.decode(first);
  const points = fold.decode(message).runs.reduce((sum, run) => sum + run.values.length, 0);
  if (points !== 20) throw new Error(`${kind} gives ${points} points.`);
  let best = Number.POSITIVE_INFINITY;
  const count = 2_000;
  for (let run = 0; run < 12; run++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < count; i++) fold.decode(message);
    best = Math.min(best, Number(process.hrtime.bigint() - start));
  }
  messagesPerSecond[kind] = Math.round((count / best) * 1e9);
  console.log(`${kind.padEnd(14)} ${messagesPerSecond[kind].toLocaleString('en-US').padStart(9)} messages/s`);
}
const result = { cpu: cpus()[0].model, node: process.version, valuesPerMessage: 20, messagesPerSecond };
writeFileSync(join(root, 'bench/decode.json'), `${JSON.stringify(result, null, 2)}\n`);
