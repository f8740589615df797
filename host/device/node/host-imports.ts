/**
 * The imports of the ABI as a node implements them. Arguments of the module are not trusted: a pointer outside its
 * memory is a `memory` trap (from `bytes`), every other error is an error number, and the work of one call is limited.
 */
import { HostNodeConstant, NodeConstant } from '../../base/abi/index.ts';
import { wellFormed } from '../../base/cbor/index.ts';
import { codedSentence, isWireText, MoteError, sentenceError } from '../../base/index.ts';
import {
  AbiError,
  type AbiImport,
  AbiLimit,
  type EngineImport,
  type HostFunction,
  type Instance,
  LOG_LEVELS,
  type LogLevel,
  type Value,
} from '../engine/index.ts';
import { MessageLimit, type MetricInfo } from '../link/index.ts';
import type { Sensor } from './sensor.ts';

/** Limits of one call (init, step or on_message). Beyond them imports return FULL and log lines are dropped. */
export const CallLimit = {
  /** Telemetry frames. */
  publishes: NodeConstant.callPublishes,
  events: NodeConstant.callEvents,
  logs: NodeConstant.callLogs,
  /** Writes and deletes in the key-value store, because flash wears out. */
  writes: NodeConstant.callWrites,
} as const;

/** Space for a module's declarations in the birth message of 8192 bytes. The rest is for the node's identity. */
export const DECLARED_BYTES: number = HostNodeConstant.declaredBytes;

export interface Published {
  metric: number;
  t0Us: number;
  dtUs: number;
  values: number[];
  quality: number;
}

/** The services of the node that the imports use. */
export interface HostServices {
  nowUs(): number;
  /** Milliseconds since 1970, or null while unknown. */
  utcMs(): number | null;
  random(): number;
  log(level: LogLevel, text: string): void;
  /** Null without a listener. */
  tap: ((name: string, data: Uint8Array) => void) | null;
  sensor(name: string): Sensor | undefined;
  publish(frame: Published): void;
  /** Returns false if there is no room. */
  event(name: string, body: Uint8Array): boolean;
  config(name: string): number | undefined;
  kv: {
    get(key: string): Uint8Array | undefined;
    set(key: string, value: Uint8Array): void;
    delete(key: string): boolean;
  };
}

/** A use of an import that can't be right. It ends the module with `error`. */
export class Misuse extends Error {
  readonly error: MoteError;
  constructor(error: MoteError) {
    super(error.message);
    this.error = error;
  }
}

/** A sensor that a module has opened. */
interface OpenedSensor {
  readonly sensor: Sensor;
  /** Samples that were lost when the module first found the ring full, null before. */
  lostWhenFull: number | null;
  /** It has read a sample, or was reported for reading none. */
  settled: boolean;
}

/** State of one module's imports: its declarations and the current call. */
export class ModuleContext {
  readonly services: HostServices;
  /** Sensors that the package may open. */
  readonly allowed: ReadonlySet<string>;
  /** Bytes of the birth message for the module's declarations. */
  readonly declaredLimit: number;
  readonly metrics: MetricInfo[] = [];
  readonly commands: string[] = [];
  readonly sensors: OpenedSensor[] = [];
  /** Names of the sensors for which it waits in vain. */
  readonly unread: string[] = [];
  instance: Instance | null = null;
  phase: 'idle' | 'init' | 'step' | 'message' = 'idle';
  /** Body of the current message. */
  message: Uint8Array = new Uint8Array(0);
  /** Number of log lines beyond the limit. */
  droppedLogs = 0;
  #declaredBytes = 0;
  #spent = { publishes: 0, events: 0, logs: 0, writes: 0 };

  constructor(services: HostServices, allowed: Iterable<string>, declaredLimit = DECLARED_BYTES) {
    this.services = services;
    this.declaredLimit = declaredLimit;
    this.allowed = new Set(allowed);
  }

  begin(phase: 'init' | 'step' | 'message'): void {
    this.phase = phase;
    this.#spent = { publishes: 0, events: 0, logs: 0, writes: 0 };
  }

  /** Reserves `bytes` of the birth message; returns false if too few are left. */
  declare(bytes: number): boolean {
    if (this.#declaredBytes + bytes > this.declaredLimit) return false;
    this.#declaredBytes += bytes;
    return true;
  }

  /**
   * Whether the module waits for more samples than the ring of a sensor holds: it asks how many wait, the ring is full,
   * has lost as many as it holds since the module first found it full, and the module has read none. True once.
   */
  waitsInVain(opened: OpenedSensor, nowUs: number): boolean {
    const { sensor, lostWhenFull, settled } = opened;
    if (settled || sensor.available(nowUs) < sensor.ringSamples) return false;
    const lost = sensor.lost(nowUs);
    opened.lostWhenFull ??= lost;
    opened.settled = lostWhenFull !== null && lost - lostWhenFull >= sensor.ringSamples;
    if (opened.settled) this.unread.push(sensor.name);
    return opened.settled;
  }

  /** Counts one use in this call; returns false if it exceeds the limit. */
  spend(what: keyof typeof CallLimit): boolean {
    this.#spent[what]++;
    return this.#spent[what] <= CallLimit[what];
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const looseUtf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Thrown by the functions below to return an error number. */
class Refusal {
  readonly code: number;
  constructor(code: number) {
    this.code = code;
  }
}
const refuse = (code: keyof typeof AbiError): Refusal => new Refusal(AbiError[code]);

/** Returns the host functions by import name, except those that the engine itself provides. */
export function hostImports(context: ModuleContext): Record<Exclude<AbiImport, EngineImport>, HostFunction> {
  const { services } = context;

  const bytes = (ptr: number, length: number): Uint8Array => {
    if (context.instance === null) throw refuse('INVALID');
    return context.instance.bytes(ptr, length >>> 0);
  };
  const bounded = (ptr: number, length: number, max: number): Uint8Array => {
    if (length >>> 0 > max) throw refuse('TOO_LARGE');
    return bytes(ptr, length);
  };
  const text = (ptr: number, length: number, max: number): string => {
    const raw = bounded(ptr, length, max);
    let result: string;
    try {
      result = strictUtf8.decode(raw);
    } catch {
      throw refuse('INVALID');
    }
    if (!isWireText(result)) throw refuse('INVALID');
    return result;
  };
  const name = (ptr: number, length: number): string => {
    const result = text(ptr, length, AbiLimit.name);
    if (result === '') throw refuse('INVALID');
    return result;
  };
  const opened = (handle: number): OpenedSensor => {
    const found = context.sensors[handle];
    if (found === undefined) throw refuse('NOT_FOUND');
    return found;
  };
  const sensor = (handle: number): Sensor => opened(handle).sensor;
  const onlyInInit = () => {
    if (context.phase !== 'init') throw refuse('INVALID');
  };
  const spend = (what: keyof typeof CallLimit) => {
    if (!context.spend(what)) throw refuse('FULL');
  };
  const copyOut = (from: Uint8Array, dst: number, dstLength: number): number => {
    if (from.length > dstLength >>> 0) throw refuse('TOO_LARGE');
    bytes(dst, from.length).set(from);
    return from.length;
  };

  /** Wraps a function of i32 arguments; a `Refusal` becomes its error number. */
  const i32 =
    (run: (...args: number[]) => number): HostFunction =>
    (...args) =>
      guarded(() => run(...(args as number[])));
  const guarded = (run: () => number): number => {
    try {
      return run();
    } catch (error) {
      if (error instanceof Refusal) return error.code;
      throw error;
    }
  };

  return {
    time_now: () => BigInt(services.nowUs()),
    time_utc: () => BigInt(services.utcMs() ?? -1),
    random: () => services.random() | 0,
    log(level, ptr, length) {
      const line = bytes(Number(ptr), Math.min(Number(length) >>> 0, AbiLimit.log));
      if (!context.spend('logs')) context.droppedLogs++;
      else services.log(LOG_LEVELS[Number(level)] ?? 'error', looseUtf8.decode(line).replace(/\ufffd+$/, ''));
      return undefined;
    },
    tap(namePtr, nameLength, data, dataLength) {
      const { tap } = services;
      if (tap === null) return undefined;
      guarded(() => {
        tap(name(Number(namePtr), Number(nameLength)), bytes(Number(data), Number(dataLength)).slice());
        return 0;
      });
      return undefined;
    },
    sensor_open: i32((ptr, length) => {
      const wanted = name(ptr!, length!);
      const open = context.sensors.findIndex((one) => one.sensor.name === wanted);
      if (open >= 0) return open;
      if (!context.allowed.has(wanted)) throw refuse('DENIED');
      const found = services.sensor(wanted);
      if (found === undefined) throw refuse('NOT_FOUND');
      found.open(services.nowUs());
      return context.sensors.push({ sensor: found, lostWhenFull: null, settled: false }) - 1;
    }),
    sensor_rate: i32((handle) => sensor(handle!).rateMilliHz),
    sensor_frame_bytes: i32((handle) => sensor(handle!).channels * 2),
    sensor_available: i32((handle) => {
      const from = opened(handle!);
      if (context.waitsInVain(from, services.nowUs())) {
        const { code, text } = codedSentence('module_unread', from.sensor.name, from.sensor.ringSamples);
        services.log('error', `${code} ${text}`);
      }
      return from.sensor.available(services.nowUs());
    }),
    sensor_read: i32((handle, dst, samples) => {
      const from = sensor(handle!);
      if (samples! < 0) throw refuse('INVALID');
      if (samples! > from.ringSamples)
        throw new Misuse(sentenceError('module_read', samples!, from.name, from.ringSamples));
      const count = Math.min(samples!, from.available(services.nowUs()));
      const out = bytes(dst!, count * from.channels * 2);
      if (count > 0) opened(handle!).settled = true;
      return from.take(services.nowUs(), count, new DataView(out.buffer, out.byteOffset, out.length));
    }),
    sensor_time(handle) {
      const from = context.sensors[Number(handle)]?.sensor;
      return BigInt(from === undefined ? AbiError.NOT_FOUND : from.timeUs(services.nowUs()));
    },
    sensor_lost: i32((handle) => Math.min(sensor(handle!).lost(services.nowUs()), 0x7fff_ffff)),
    metric: i32((ptr, length, unitPtr, unitLength, exponent) => {
      onlyInInit();
      const declared = name(ptr!, length!);
      const unit = text(unitPtr!, unitLength!, MessageLimit.unitBytes);
      if (exponent! < -18 || exponent! > 18) throw refuse('INVALID');
      if (context.metrics.some((one) => one.name === declared)) throw refuse('INVALID');
      if (context.metrics.length >= MessageLimit.metrics) throw refuse('FULL');
      // The bytes include the heads of the list and of both texts, and the exponent.
      if (!context.declare(length! + unitLength! + 6)) throw refuse('FULL');
      return context.metrics.push({ name: declared, unit, exponent: exponent! }) - 1;
    }),
    publish: (...args: Value[]) =>
      guarded(() => {
        const [metric, , dtUs, ptr, count, quality] = args.map(Number) as [
          number,
          number,
          number,
          number,
          number,
          number,
        ];
        const t0 = args[1] as bigint;
        if (context.metrics[metric] === undefined) throw refuse('NOT_FOUND');
        if (count > AbiLimit.samples) throw refuse('TOO_LARGE');
        if (count < 1 || dtUs < 0 || quality < 0 || quality > 255) throw refuse('INVALID');
        if (t0 < 0n || t0 > BigInt(Number.MAX_SAFE_INTEGER)) throw refuse('INVALID');
        const raw = bytes(ptr, count * 4);
        spend('publishes');
        const view = new DataView(raw.buffer, raw.byteOffset);
        const values = Array.from({ length: count }, (_, i) => view.getInt32(i * 4, true));
        services.publish({ metric, t0Us: Number(t0), dtUs, values, quality });
        return AbiError.OK;
      }),
    event: i32((ptr, length, bodyPtr, bodyLength) => {
      const what = name(ptr!, length!);
      const body = bounded(bodyPtr!, bodyLength!, AbiLimit.event).slice();
      if (!wellFormed(body)) throw refuse('INVALID');
      spend('events');
      return services.event(what, body) ? AbiError.OK : AbiError.FULL;
    }),
    subscribe: i32((ptr, length) => {
      onlyInInit();
      const command = name(ptr!, length!);
      const known = context.commands.indexOf(command);
      if (known >= 0) return known;
      if (context.commands.length >= MessageLimit.commands) throw refuse('FULL');
      if (!context.declare(length! + 2)) throw refuse('FULL');
      return context.commands.push(command) - 1;
    }),
    message_read: i32((dst, dstLength) => {
      if (context.phase !== 'message') throw refuse('INVALID');
      return copyOut(context.message, dst!, dstLength!);
    }),
    config: (ptr, length, fallback) => {
      try {
        return services.config(name(Number(ptr), Number(length))) ?? Number(fallback);
      } catch (error) {
        // An error number could be mistaken for the setting.
        if (error instanceof Refusal) return Number(fallback);
        throw error;
      }
    },
    kv_get: i32((ptr, length, dst, dstLength) => {
      const value = services.kv.get(name(ptr!, length!));
      if (value === undefined) throw refuse('NOT_FOUND');
      return copyOut(value, dst!, dstLength!);
    }),
    kv_set: i32((ptr, length, valuePtr, valueLength) => {
      const key = name(ptr!, length!);
      const value = bounded(valuePtr!, valueLength!, AbiLimit.value).slice();
      spend('writes');
      try {
        services.kv.set(key, value);
      } catch (error) {
        if (error instanceof MoteError && error.code === 'KV_FULL') throw refuse('FULL');
        throw error;
      }
      return AbiError.OK;
    }),
    kv_delete: i32((ptr, length) => {
      const key = name(ptr!, length!);
      spend('writes');
      if (!services.kv.delete(key)) throw refuse('NOT_FOUND');
      return AbiError.OK;
    }),
  };
}
