/** What is shown of a site, and what the API needs of it. */
import type { Clock } from '../../base/index.ts';
import type { Message } from '../../messaging/queue/index.ts';
import type { Assets } from '../assets/index.ts';
import type { CameraStatus } from '../bridges/camera/index.ts';
import type { FileDropStatus } from '../bridges/files/index.ts';
import type { ModbusStatus } from '../bridges/modbus/index.ts';
import type { OpcuaStatus } from '../bridges/opcua/index.ts';
import type { EdgeStatus, HostStatus } from '../bridges/sparkplug/index.ts';
import type { Counts } from '../decode/index.ts';
import type { Applied, IngestStats, SiteStore } from '../store/index.ts';
import type { Births } from '../things/index.ts';
import type { UnsStats } from '../uns/index.ts';
import type { SiteDecoders } from './decoders.ts';
import type { HttpCounts, HttpKeys } from './http-keys.ts';

/** What is shown of a site. */
export interface SiteStatus {
  readonly ready: boolean;
  /** Why it isn't ready, as sentences. */
  readonly problems: readonly string[];
  readonly broker: { readonly url: string; readonly embedded: boolean; readonly online: boolean };
  readonly nodes: { readonly online: number; readonly known: number };
  readonly ingest: IngestStats;
  /** What came by HTTP, by key. */
  readonly http: readonly HttpCounts[];
  /** Messages that no store takes, and that were acknowledged and dropped. */
  readonly unstorable: number;
  /** Earlier messages that were decoded again since the start, and whether that goes on. */
  readonly decodedAgain: { readonly running: boolean; readonly messages: number };
  /** Null: the site has no unified namespace. */
  readonly uns: UnsStats | null;
  readonly refused: readonly { readonly decoder: string; readonly counts: Counts }[];
  /** Null: the configuration has no OPC UA. */
  readonly opcua: OpcuaStatus | null;
  /** Null: the configuration has no Modbus. */
  readonly modbus: ModbusStatus | null;
  /** Null: the site is no edge node of Sparkplug B. */
  readonly sparkplug: EdgeStatus | null;
  /** Null: the site is no host application of it. */
  readonly sparkplugHost: HostStatus | null;
  readonly cameras: readonly CameraStatus[];
  /** Null: the site has no folder of files. */
  readonly files: FileDropStatus | null;
}

/** A site, as its API sees it. */
export interface Served {
  readonly store: SiteStore;
  readonly assets: Assets;
  readonly births: Births;
  /** First part of the topics of nodes. */
  readonly namespace: string;
  readonly clock: Clock;
  /** UTC microseconds. */
  nowUs(): number;
  /** Calls with the messages of each batch that is in the store. Returns a function that ends that. */
  follow(listener: (applied: readonly Applied[]) => void): () => void;
  status(): SiteStatus;
  readonly decoders: SiteDecoders;
  readonly httpKeys: HttpKeys;
  /**
   * Resolves when a message is durable, or is one that isn't kept. `source` is the way in. Throws `STORE_MESSAGE` for one
   * that can't be stored, and `STORE_FULL`.
   */
  take(source: string, message: Pick<Message, 'topic' | 'payload' | 'properties'>): Promise<void>;
}
