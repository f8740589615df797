/** The options of a durable log, and what it reports. */
import type { Clock, MoteError } from '../../base/index.ts';
import type { LogFolder } from './folder.ts';

export interface LogOptions {
  /** A folder for this log, created if missing. The caller ensures that no other process has it open, as the shim does. */
  dir: string;
  /** Limit of all messages that wait, in bytes of their records; default 1 GiB. */
  maxBytes?: number;
  /** The same for one node; default 64 MiB. */
  maxStreamBytes?: number;
  /** A new file begins at this size; default 8 MiB. */
  segmentBytes?: number;
  /** Messages up to this size in all are also in memory, so that sending them reads no file; default 16 MiB. */
  cacheBytes?: number;
  /** `fsync` (default): a committed message survives a power cut. `os`: it survives the end of the process only. */
  sync?: 'fsync' | 'os';
  clock?: Clock;
  /** The disk refused a write. Called once until a write succeeds. */
  onProblem?(error: MoteError): void;
  /** For tests: a folder with faults. */
  folder?: LogFolder;
}

export interface LogStats {
  /** Messages of all nodes that wait. */
  waiting: number;
  waitingBytes: number;
  diskBytes: number;
  /** Bytes that were not a whole record when the log was opened: torn by a crash, or damaged. */
  cutBytes: number;
  /** Groups of messages that were written since the start. */
  commits: number;
}
