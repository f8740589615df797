/** Runs a module's `init` once against a host that records its calls. The module's metadata declares the result. */
import { AbiError, AbiLimit } from '../../base/abi/index.ts';
import { isWireText, MoteError } from '../../base/index.ts';
import type { Engine, HostFunction, Instance, Value } from '../../device/engine/index.ts';
import type { MetricInfo } from '../../device/link/index.ts';

export interface Declarations {
  /** Sensors that it opened, in order of their first opening. */
  sensors: string[];
  metrics: MetricInfo[];
  commands: string[];
  /** Result of `init`: OK, or the error with which it aborts the start. */
  result: number;
  /** Lines that it logged. */
  log: string[];
}

/** Properties of every sensor of the recording host, for apps that read them. */
const RATE_MILLIHERTZ = 16_000_000;
const FRAME_BYTES = 2;

/** Throws `MoteError('BUILD_INIT')` when `init` faults. */
export function extractDeclarations(
  engine: Engine,
  wasm: Uint8Array,
  rom: Uint8Array,
  memoryBytes: number,
  fuel: bigint,
): Declarations {
  const found: Declarations = { sensors: [], metrics: [], commands: [], result: 0, log: [] };
  let instance: Instance | null = null;
  const decoder = new TextDecoder();
  const text = (ptr: Value | undefined, length: Value | undefined) =>
    decoder.decode(instance!.bytes(Number(ptr) >>> 0, Number(length) >>> 0));
  const nameError = (ptr: Value | undefined, length: Value | undefined) => {
    if (Number(length) > AbiLimit.name) return AbiError.TOO_LARGE;
    return Number(length) < 1 || !isWireText(text(ptr, length)) ? AbiError.INVALID : AbiError.OK;
  };
  const indexIn = (list: string[]): HostFunction => {
    return (ptr, length) => {
      const error = nameError(ptr, length);
      if (error < 0) return error;
      const name = text(ptr, length);
      if (!list.includes(name)) list.push(name);
      return list.indexOf(name);
    };
  };
  const imports: Record<string, HostFunction> = {
    time_now: () => 0n,
    time_utc: () => -1n,
    random: () => 0,
    log: (_level, ptr, length) => {
      found.log.push(text(ptr, length));
      return undefined;
    },
    tap: () => undefined,
    sensor_open: indexIn(found.sensors),
    sensor_rate: () => RATE_MILLIHERTZ,
    sensor_frame_bytes: () => FRAME_BYTES,
    sensor_available: () => 0,
    sensor_read: () => 0,
    sensor_time: () => 0n,
    sensor_lost: () => 0,
    metric: (ptr, length, unit, unitLength, exponent) => {
      const error = nameError(ptr, length);
      if (error < 0) return error;
      const metric = { name: text(ptr, length), unit: text(unit, unitLength), exponent: Number(exponent) };
      const known = found.metrics.some(({ name }) => name === metric.name);
      return known || !isWireText(metric.unit) || Math.abs(metric.exponent) > 18
        ? AbiError.INVALID
        : found.metrics.push(metric) - 1;
    },
    publish: () => AbiError.OK,
    event: () => AbiError.OK,
    subscribe: indexIn(found.commands),
    message_read: () => 0,
    config: (_name, _length, otherwise) => otherwise,
    kv_get: () => AbiError.NOT_FOUND,
    kv_set: () => AbiError.OK,
    kv_delete: () => AbiError.NOT_FOUND,
  };
  try {
    instance = engine.load({
      wasm,
      rom,
      imports,
      limits: { memoryBytes, stackBytes: 65536, fuel, deadlineMs: 10_000 },
    });
    found.result = Number(instance.call('init'));
  } catch (cause) {
    const logged = found.log.length > 0 ? `; it logged: ${found.log.join(' / ')}` : '';
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MoteError(
      'BUILD_INIT',
      `the app's init fails when it is run once to learn what it declares: ${reason}${logged}`,
      { cause },
    );
  } finally {
    instance?.close();
  }
  return found;
}
