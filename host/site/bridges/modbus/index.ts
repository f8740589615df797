/** Modbus TCP of a site: connections to devices whose registers are polled. docs/modbus.md. */
import type { Clock, MoteError } from '../../../base/index.ts';
import type { ModbusConfig } from '../../config/index.ts';
import { loadModbus } from './library.ts';
import { ModbusSource, type SourceStatus } from './source.ts';

export { type Connection, connect, FAILURES, type FailureReason, RequestFailed, type Table } from './connect.ts';
export { MODBUS_PACKAGES } from './library.ts';
export type { SourceStatus } from './source.ts';

/** What Modbus needs of its site. */
export interface ModbusSeam {
  readonly config: ModbusConfig;
  readonly clock: Clock;
  /** Resolves when the message is durable. */
  take(topic: string, payload: Uint8Array): Promise<void>;
  onProblem(error: MoteError): void;
  log(fields: object, text: string): void;
}

export interface ModbusStatus {
  readonly connections: readonly SourceStatus[];
}

export interface ModbusBridge {
  readonly status: ModbusStatus;
  close(): Promise<void>;
}

/**
 * Starts what the configuration names. Connections are made in the background, and again while their device is away.
 * Throws `STORE_PACKAGE`.
 */
export async function startModbus({ config, clock, take, onProblem, log }: ModbusSeam): Promise<ModbusBridge> {
  await loadModbus();
  const onOnline = (name: string) => log({ connection: name }, `the Modbus connection ${name} is online`);
  const sources = config.connections.map((one) => new ModbusSource(one, { clock, onProblem, take, onOnline }));
  return {
    get status() {
      return { connections: sources.map(({ status }) => status) };
    },
    async close() {
      await Promise.all(sources.map((source) => source.close()));
    },
  };
}
