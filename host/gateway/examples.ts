/** One payload of each kind, for the tests and for the examples in docs/spec/mqtt.md. */
import type { Birth, Event, Log, OtaStatus, Telemetry } from '../link/index.ts';
import type { CommandAnswer } from './commands.ts';
import { encodeAnswer } from './commands.ts';
import {
  encodeEvent,
  encodeItem,
  encodeLog,
  encodeOta,
  encodeState,
  encodeTelemetry,
  type NodeState,
} from './payloads.ts';

const sha256 = Uint8Array.from({ length: 32 }, (_, i) => i);

export const birth: Birth = {
  type: 'birth',
  node: 'pump-7',
  boot: 3,
  firmware: { name: 'mote-sim', version: '0.1.0' },
  module: { name: 'vibration', version: '1.2.0', sequence: 5, sha256, slot: 1, state: 'confirmed' },
  metrics: [{ name: 'rms', unit: 'm/s2', exponent: -3 }],
  commands: ['blink'],
};
export const online: NodeState = { online: true, node: 'pump-7', boot: 3, birth };
export const will: NodeState = { online: false, node: 'pump-7', boot: 0, birth: null };
export const telemetry: Telemetry = {
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
};
export const event: Event = {
  type: 'event',
  name: 'keyword',
  tMs: 1_790_000_000_250,
  seq: 7,
  body: Uint8Array.of(0xa1, 0x61, 0x6b, 0x02),
};
export const log: Log = { type: 'log', level: 'info', tMs: 1_790_000_000_000, text: 'ready' };
export const ota: OtaStatus = {
  type: 'ota',
  state: 'rolledback',
  sequence: 6,
  sha256,
  received: 40_960,
  total: 40_960,
  swapUs: 850,
  lost: 0,
  reason: { code: 'TRAP_FUEL', text: 'step() ran out of fuel' },
};
export const answer: CommandAnswer = { id: 7, name: 'blink', ok: true, text: 'done' };

/** By the name that docs/spec/mqtt.md gives them. */
export const payloadExamples: Record<string, Uint8Array> = {
  state: encodeState(online),
  will: encodeState(will),
  telemetry: encodeTelemetry(telemetry),
  event: encodeEvent(event),
  log: encodeLog(log),
  ota: encodeOta(ota),
  answer: encodeAnswer(answer, false).payload,
  command: encodeItem(
    new Map<string, unknown>([
      ['name', 'blink'],
      ['id', 7],
      ['body', new Map([['n', 3]])],
    ]),
  ),
  configuration: encodeItem(
    new Map([
      ['threshold', 200],
      ['gain', -2],
    ]),
  ),
};
