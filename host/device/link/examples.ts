/** One message of each type, for tests and for the examples in docs/spec/link.md. */
import type { Message } from './messages.ts';

const sha256 = Uint8Array.from({ length: 32 }, (_, i) => i);

export const examples: { [T in Message['type']]: Extract<Message, { type: T }> } = {
  birth: {
    type: 'birth',
    node: 'pump-7',
    boot: 3,
    firmware: { name: 'mote-sim', version: '0.1.0' },
    module: { name: 'vibration', version: '1.2.0', sequence: 5, sha256, slot: 1, state: 'confirmed' },
    metrics: [{ name: 'rms', unit: 'm/s2', exponent: -3 }],
    commands: ['blink'],
  },
  telemetry: {
    type: 'telemetry',
    metric: 0,
    t0Ms: 1_790_000_000_000,
    dtUs: 50_000,
    // A noisy temperature in hundredths of a degree.
    values: [
      2153, 2161, 2148, 2139, 2170, 2188, 2152, 2147, 2133, 2160, 2171, 2194, 2157, 2142, 2150, 2149, 2166, 2175, 2181,
      2159,
    ],
    exponent: -2,
    quality: 0,
    seq: 1234,
  },
  event: {
    type: 'event',
    name: 'keyword',
    tMs: 1_790_000_000_250,
    seq: 7,
    body: Uint8Array.of(0xa1, 0x61, 0x6b, 0x02),
  },
  log: { type: 'log', level: 'info', tMs: 1_790_000_000_000, text: 'ready' },
  ota: {
    type: 'ota',
    state: 'rolledback',
    sequence: 6,
    sha256,
    received: 40_960,
    total: 40_960,
    swapUs: 850,
    lost: 0,
    reason: { code: 'TRAP_FUEL', text: 'step: step spent more than its 9000 units of fuel' },
  },
  'time?': { type: 'time?', sentUs: 5_000_000 },
  result: { type: 'result', id: 9, ok: true },
  time: { type: 'time', sentUs: 5_000_000, utcMs: 1_790_000_000_000 },
  command: { type: 'command', id: 9, name: 'blink', body: Uint8Array.of(0x03) },
  config: { type: 'config', values: { gain: -2, threshold: 200 } },
  offer: { type: 'offer', sha256, sequence: 6, total: 40_960 },
  chunk: { type: 'chunk', transfer: sha256.slice(0, 8), offset: 4096, bytes: Uint8Array.of(1, 2, 3, 4) },
};
