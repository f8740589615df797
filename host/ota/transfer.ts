/** Sending a package to a node and receiving it there. */
import { MoteError } from '../error.ts';
import type { Chunk, Offer, OtaStatus } from '../link/messages.ts';
import type { SlotInfo, SlotStore } from './slots.ts';

const unbuilt = (): never => {
  throw new MoteError('UNBUILT', 'Not built yet.');
};

export interface SenderOptions {
  bytes: Uint8Array;
  sequence: number;
  /** 1024 unless told. */
  chunkBytes?: number;
  /** Chunks sent and not yet confirmed by a status, at most; 8 unless told, 4 or more. */
  windowChunks?: number;
}

/** The shim's side. Send `offer()` when the link comes up, give it each `ota` status, send what `next()` returns until null. */
export class PackageSender {
  readonly sha256: Uint8Array = new Uint8Array(32);
  constructor(_options: SenderOptions) {
    unbuilt();
  }
  /** The message to (re)start with: forgets what was under way; the node's answer says where to go on. */
  offer(): Offer {
    return unbuilt();
  }
  onStatus(_status: OtaStatus): void {
    unbuilt();
  }
  /** The next chunk, or null: wait for a status, or nothing is left. */
  next(): Chunk | null {
    return unbuilt();
  }
  /** Bytes the node has. */
  get acknowledged(): number {
    return unbuilt();
  }
  /** The last state that the node told, `offered` before that. */
  get state(): OtaStatus['state'] | 'offered' {
    return unbuilt();
  }
}

export interface ReceiverOptions {
  slots: SlotStore;
  /** Judges the whole package (signature, ABI, memory); throws a MoteError to refuse it. */
  verify: (bytes: Uint8Array, sequence: number) => void;
}

/** The node's side: answers offers and chunks with statuses. When `ready` is set, the node swaps: `slots.startTrial(); slots.boot()`. */
export class UpdateReceiver {
  constructor(_options: ReceiverOptions) {
    unbuilt();
  }
  handle(_message: Offer | Chunk): OtaStatus[] {
    return unbuilt();
  }
  /** A verified package that waits to be swapped in. */
  get ready(): SlotInfo | null {
    return unbuilt();
  }
  /** A status about a package, with what the node adds: 'swapping', 'trial', 'confirmed', 'rolledback'. */
  status(
    _state: OtaStatus['state'],
    _info: SlotInfo,
    _extra?: Pick<OtaStatus, 'swapUs' | 'lost' | 'reason'>,
  ): OtaStatus {
    return unbuilt();
  }
}
