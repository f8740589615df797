/**
 * The payloads that the shim publishes, as CBOR (docs/spec/mqtt.md has an example of each). Every payload is an array that begins with the
 * version 1. A later version may append elements, so readers accept longer arrays. Readers of hostile bytes limit their size first.
 */
import { Encoder } from 'cbor-x';
import { decodePlain, type Plain } from '../../base/cbor/index.ts';
import { MoteError } from '../../base/index.ts';
import type { Birth, Event, Log, OtaStatus, Telemetry } from '../../device/link/index.ts';

export const CBOR_TYPE = 'application/cbor';
export const JSON_TYPE = 'application/json';
export const PACKAGE_TYPE = 'application/suit-envelope+cose';
export const PAYLOAD_VERSION = 1;

// `useTag259ForMaps` is missing in the declarations of the package.
const plain = { useRecords: false, tagUint8Array: false, useTag259ForMaps: false };
const encoder = new Encoder(plain);

/** Plain CBOR without the encoder's own tags: arrays, maps from `Map`, byte strings, integers (bigint beyond 32 bits), floats. */
export function encodeItem(value: unknown): Uint8Array {
  return Uint8Array.from(encoder.encode(value));
}

/** A node's retained state. `birth` is null in the will, which only reports that the node is offline. */
export interface NodeState {
  online: boolean;
  node: string;
  boot: number;
  birth: Birth | null;
}

/** Integers beyond 32 bits become bigint, because the encoder would make them floats. */
function int(value: number): number | bigint {
  return value > 0xffff_ffff || value < -0x8000_0000 ? BigInt(value) : value;
}

function bytesOf(value: Uint8Array): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** [1, metric, t0 in UTC ms, dt in us, [first value, difference to it, ...], exponent, quality, seq]: slow signals take one or two bytes for each value. */
export function encodeTelemetry(frame: Telemetry): Uint8Array {
  const { metric, t0Ms, dtUs, values, exponent, quality, seq } = frame;
  return encodeItem([
    PAYLOAD_VERSION,
    metric,
    int(t0Ms),
    int(dtUs),
    values.map((value, i) => int(i === 0 ? value : value - values[i - 1]!)),
    exponent,
    quality,
    int(seq),
  ]);
}

/** [1, name, UTC ms, seq, body]; the body is the module's CBOR item, unchanged. */
export function encodeEvent({ name, tMs, seq, body }: Event): Uint8Array {
  const parts = [PAYLOAD_VERSION, name, int(tMs), int(seq)].map((item) => encodeItem(item));
  return Buffer.concat([Uint8Array.of(0x85), ...parts, body]);
}

/** A line of a node's log, and the SHA-256 of the package that ran when the node wrote it; null if it isn't known. */
export interface NodeLog extends Log {
  package: Uint8Array | null;
}

/** [1, level, UTC ms, text], and the SHA-256 of the package if it is known. */
export function encodeLog({ level, tMs, text, package: sha256 }: Omit<NodeLog, 'type'>): Uint8Array {
  return encodeItem([PAYLOAD_VERSION, level, int(tMs), text, ...(sha256 === null ? [] : [sha256])]);
}

/** [1, state, sequence, sha256, received, total, swap in us or null, lost samples or null, [code, text] or null] */
export function encodeOta(status: OtaStatus): Uint8Array {
  const { state, sequence, sha256, received, total, swapUs, lost, reason } = status;
  return encodeItem([
    PAYLOAD_VERSION,
    state,
    int(sequence),
    bytesOf(sha256),
    int(received),
    int(total),
    swapUs === undefined ? null : int(swapUs),
    lost === undefined ? null : int(lost),
    reason === undefined ? null : [reason.code, reason.text],
  ]);
}

/**
 * [1, online, node, boot, birth or null]; birth: [[firmware, version], module or null, [[metric, unit, exponent], ...], [command, ...]];
 * module: [name, version, sequence, sha256, slot, state]
 */
export function encodeState({ online, node, boot, birth }: NodeState): Uint8Array {
  const m = birth?.module;
  const module = m ? [m.name, m.version, int(m.sequence), bytesOf(m.sha256), m.slot, m.state] : null;
  const detail = birth && [
    [birth.firmware.name, birth.firmware.version],
    module,
    birth.metrics.map((metric) => [metric.name, metric.unit, metric.exponent]),
    birth.commands,
  ];
  return encodeItem([PAYLOAD_VERSION, online, node, int(boot), detail]);
}

/** Decodes one CBOR item of at most `maxBytes` and within the limits of `decodePlain`. Throws `PAYLOAD`. */
export function decodeItem(bytes: Uint8Array, maxBytes: number): Plain {
  return decodePlain(
    bytes,
    { bytes: maxBytes },
    (what) =>
      new MoteError(
        'PAYLOAD',
        `A payload is not one CBOR item of at most ${maxBytes} bytes: ${what}; correct its sender.`,
      ),
  );
}

function fields(bytes: Uint8Array, least: number): unknown[] {
  const value = decodeItem(bytes, 1024 * 1024);
  if (!Array.isArray(value) || value[0] !== PAYLOAD_VERSION || value.length < least) {
    throw new MoteError('PAYLOAD', 'A payload is of another version; update this program.');
  }
  return value;
}

function bad(): MoteError {
  return new MoteError('PAYLOAD', 'A payload has a field of a wrong kind; correct its sender.');
}
function text(value: unknown): string {
  if (typeof value !== 'string') throw bad();
  return value;
}
function number(value: unknown): number {
  const result = typeof value === 'bigint' ? Number(value) : value;
  if (typeof result !== 'number' || !Number.isSafeInteger(result)) throw bad();
  return result;
}
function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw bad();
  return value;
}
function binary(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw bad();
  return Uint8Array.from(value);
}
function oneOf<T extends string>(value: unknown, names: readonly T[]): T {
  const found = names.find((name) => name === value);
  if (found === undefined) throw bad();
  return found;
}

function sums(differences: number[]): number[] {
  let sum = 0;
  return differences.map((difference) => {
    sum += difference;
    return number(sum);
  });
}

const OTA_STATES = ['receiving', 'verifying', 'swapping', 'trial', 'confirmed', 'rolledback', 'refused'] as const;
const SLOT_STATES = ['empty', 'receiving', 'ready', 'trial', 'confirmed', 'failed'] as const;
const LEVELS = ['error', 'warn', 'info', 'debug'] as const;

/** Each decoder throws `PAYLOAD` for bytes that aren't such a payload. */
export function decodeTelemetry(bytes: Uint8Array): Telemetry {
  const [, metric, t0, dt, values, exponent, quality, seq] = fields(bytes, 8);
  return {
    type: 'telemetry',
    metric: number(metric),
    t0Ms: number(t0),
    dtUs: number(dt),
    values: sums(list(values).map(number)),
    exponent: number(exponent),
    quality: number(quality),
    seq: number(seq),
  };
}

/** An event with its body decoded. */
export function decodeEvent(bytes: Uint8Array): { name: string; tMs: number; seq: number; body: unknown } {
  const [, name, tMs, seq, body] = fields(bytes, 5);
  return { name: text(name), tMs: number(tMs), seq: number(seq), body };
}

export function decodeLog(bytes: Uint8Array): NodeLog {
  const [, level, tMs, line, sha256] = fields(bytes, 4);
  const known = sha256 === undefined ? null : binary(sha256);
  return { type: 'log', level: oneOf(level, LEVELS), tMs: number(tMs), text: text(line), package: known };
}

export function decodeOta(bytes: Uint8Array): OtaStatus {
  const [, state, sequence, sha256, received, total, swapUs, lost, reason] = fields(bytes, 9);
  const why = reason === null ? undefined : list(reason);
  return {
    type: 'ota',
    state: oneOf(state, OTA_STATES),
    sequence: number(sequence),
    sha256: binary(sha256),
    received: number(received),
    total: number(total),
    ...(swapUs !== null && { swapUs: number(swapUs) }),
    ...(lost !== null && { lost: number(lost) }),
    ...(why && { reason: { code: text(why[0]), text: text(why[1]) } }),
  };
}

export function decodeState(bytes: Uint8Array): NodeState {
  const [, online, node, boot, detail] = fields(bytes, 5);
  if (typeof online !== 'boolean') throw bad();
  const state = { online, node: text(node), boot: number(boot) };
  if (detail === null) return { ...state, birth: null };
  const [firmware, module, metrics, commands] = list(detail);
  const m = module === null ? null : list(module);
  return {
    ...state,
    birth: {
      type: 'birth',
      node: state.node,
      boot: state.boot,
      firmware: { name: text(list(firmware)[0]), version: text(list(firmware)[1]) },
      module: m && {
        name: text(m[0]),
        version: text(m[1]),
        sequence: number(m[2]),
        sha256: binary(m[3]),
        slot: number(m[4]),
        state: oneOf(m[5], SLOT_STATES),
      },
      metrics: list(metrics).map((metric) => {
        const [name, unit, exponent] = list(metric);
        return { name: text(name), unit: text(unit), exponent: number(exponent) };
      }),
      commands: list(commands).map(text),
    },
  };
}
