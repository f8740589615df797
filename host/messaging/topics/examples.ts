/** One payload of each kind, for the tests and for the examples in docs/spec/mqtt.md. */
import { examples } from '../../device/link/examples.ts';
import { type CommandAnswer, encodeAnswer } from '../gateway/commands.ts';
import {
  encodeEvent,
  encodeItem,
  encodeLog,
  encodeOta,
  encodeState,
  encodeTelemetry,
  type NodeState,
} from './payloads.ts';

/** The messages of a node's link that are published. */
export const { birth, telemetry, event, log, ota } = examples;
export const online: NodeState = { online: true, node: 'pump-7', boot: 3, birth };
export const will: NodeState = { online: false, node: 'pump-7', boot: 0, birth: null };
export const answer: CommandAnswer = { id: 7, name: 'blink', ok: true, text: 'done' };

/** By their names in docs/spec/mqtt.md. */
export const payloadExamples: Record<string, Uint8Array> = {
  state: encodeState(online),
  will: encodeState(will),
  telemetry: encodeTelemetry(telemetry),
  event: encodeEvent(event),
  log: encodeLog({ ...log, package: birth.module!.sha256 }),
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
