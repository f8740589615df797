/** The TypeScript counterpart of `driver.c`: executes a line of a script and returns a line of results. */
import { crc32 } from 'node:zlib';
import { MoteError } from '../../host/base/index.ts';
import {
  CUT_MODES,
  flashRegion,
  Journal,
  KeyValueStore,
  MemoryFlash,
  PowerCut,
} from '../../host/device/flash/index.ts';
import {
  encodeMessage,
  type Offer,
  type OtaStatus,
  parseMessage,
  renderReport,
  reportOf,
} from '../../host/device/link/index.ts';
import { NodeStorage } from '../../host/device/node/storage.ts';
import { type Reason, type SlotInfo, SlotStore, UpdateReceiver } from '../../host/device/update/index.ts';

export interface Geometry {
  sizeBytes: number;
  pageBytes: number;
  writeBytes: number;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const unhex = (text = '') => (text === '-' ? new Uint8Array(0) : new Uint8Array(Buffer.from(text, 'hex')));
const crc = (bytes: Uint8Array) => crc32(bytes).toString(16).padStart(8, '0');

/** Flash that records erased and programmed pages, and syncs, each once if it is repeated. */
class RecordedFlash extends MemoryFlash {
  #done: string[] = [];

  #record(operation: string): void {
    if (this.#done.at(-1) !== operation) this.#done.push(operation);
  }

  override erase(page: number): void {
    this.#record(` e${page}`);
    super.erase(page);
  }

  override program(address: number, bytes: Uint8Array): void {
    this.#record(` p${Math.floor(address / this.pageBytes)}`);
    super.program(address, bytes);
  }

  override sync(): void {
    this.#record(' s');
    super.sync();
  }

  /** Returns what was recorded since the last call. */
  taken(): string {
    return this.#done.splice(0).join('');
  }
}

export class Reference {
  flash: RecordedFlash;
  #kvPages: [first: number, count: number] = [0, 2];
  #slotPages: [first: number, count: number] = [0, 2];
  kv!: KeyValueStore;
  slots!: SlotStore;
  #storage: NodeStorage | null = null;
  #receiver!: UpdateReceiver;
  /** The clock of the node. */
  #timeUs = 0;

  constructor(geometry: Geometry) {
    this.flash = new RecordedFlash(geometry);
  }

  run(line: string): string {
    const [command = '', ...words] = line.split(' ');
    let result: string;
    try {
      result = this.#run(command, words);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      this.flash.restart();
      result = 'cut';
    }
    return `${result} | ${crc(this.flash.image())} ${this.flash.operations}${this.flash.taken()}`;
  }

  #run(command: string, words: string[]): string {
    const [a = 0, b = 0, c = 0, d = 0] = words.map(Number);
    switch (command) {
      case 'kv-open':
        this.#kvPages = [a, b];
        this.kv = KeyValueStore.open(flashRegion(this.flash, a, b));
        return 'ok';
      case 'kv-set':
        return codeOf(() => this.kv.set(keyOf(words[0]!), unhex(words[1])));
      case 'kv-delete':
        return this.kv.delete(keyOf(words[0]!)) ? 'ok' : 'none';
      case 'kv-get': {
        const value = this.kv.get(keyOf(words[0]!));
        return value ? hex(value) : 'none';
      }
      case 'kv-keys':
        return this.#keys();
      case 'kv-raw':
        this.#raw(flashRegion(this.flash, ...this.#kvPages), 'k', words[0]!);
        return '';
      case 'storage-open': {
        const pages = this.flash.sizeBytes / this.flash.pageBytes;
        const layout = { agentPages: a, kvPages: b, slots: { journalPages: c, slotPages: d } };
        const storage = new NodeStorage(this.flash, layout, true);
        this.#storage = storage;
        this.#slotPages = [a + b, pages - a - b];
        this.kv = storage.kv;
        this.#use(storage.slots!);
        const config = storage.loadConfig();
        return `ok ${storage.boot} ${config ? hex(encodeMessage({ type: 'config', values: config })) : ''}`;
      }
      case 'storage-config': {
        const message = parseMessage(unhex(words[0]));
        if (message.type === 'config') this.#storage!.saveConfig(message.values);
        return '0';
      }
      case 'wait':
        this.#timeUs += a * 60e6;
        return '';
      case 'cut':
        this.flash.cutAfter(a, CUT_MODES[b]!);
        return '';
      case 'dump':
        return hex(this.flash.image());
      case 'load': {
        const { sizeBytes, pageBytes, writeBytes } = this.flash;
        const image = new Uint8Array(sizeBytes).fill(0xff);
        image.set(unhex(words[1]), a);
        this.flash = new RecordedFlash({ sizeBytes, pageBytes, writeBytes, image });
        return '';
      }
      case 'offer':
      case 'erase':
      case 'chunk':
        return this.#transfer(command, words) + this.#state();
      case 'slots-open': {
        this.#slotPages = [a, b];
        const region = flashRegion(this.flash, a, b);
        this.#use(SlotStore.open(region, { journalPages: c, slotPages: d }));
        return `ok${this.#state()}`;
      }
      case 'slots-raw':
        this.#raw(flashRegion(this.flash, ...this.#slotPages), 's', words[0]!);
        return this.#state();
      default:
        return this.#slots(command, words, a) + this.#state();
    }
  }

  #use(slots: SlotStore): void {
    this.slots = slots;
    const verify = (bytes: Uint8Array, sequence: number) => {
      if (bytes[0] === 0xee)
        throw new MoteError('PKG_SEQUENCE', `The package has sequence ${sequence}, it was offered as 7.`);
    };
    const verifyHead = (bytes: Uint8Array, { sequence }: { sequence: number }) => {
      if (bytes[0] === 0xdd)
        throw new MoteError('PKG_SEQUENCE', `The package has sequence ${sequence}, it was offered as 8.`);
    };
    this.#receiver = new UpdateReceiver({ slots, nowUs: () => this.#timeUs, verifyHead, verify });
  }

  #raw(region: ReturnType<typeof flashRegion>, kind: 'k' | 's', record: string): void {
    // The journal is at the start of the slots' region, here always two pages.
    const pages = kind === 's' ? flashRegion(region, 0, 2) : region;
    Journal.open(pages, kind).journal.append(unhex(record), () => [unhex(record)]);
  }

  #keys(): string {
    const { writeBytes } = this.flash;
    let used = 0;
    let text = '';
    for (const key of this.kv.keys()) {
      const value = this.kv.get(key)!;
      const name = Buffer.from(key);
      used += Math.ceil((8 + name.length + value.length) / writeBytes) * writeBytes;
      text += `${name.toString('hex')}=${crc(value)},`;
    }
    return `${text} ${used}`;
  }

  #slots(command: string, words: string[], a: number): string {
    const { slots } = this;
    switch (command) {
      case 'slots-begin': {
        let received = 0;
        const ok = outcome(() => {
          received = slots.prepare(offerOf(words))?.received ?? 0;
        });
        return ok === 'ok' ? `ok ${received}` : ok;
      }
      case 'slots-erase':
        return outcome(() => slots.erase());
      case 'slots-append':
        return outcome(() => slots.append(a, unhex(words[1])));
      case 'slots-finish':
        return outcome(() => slots.finish());
      case 'slots-discard':
        return outcome(() => slots.discard());
      case 'slots-read': {
        let sum = '';
        const ok = outcome(() => {
          sum = crc(slots.read(a === 0 ? 0 : 1));
        });
        return ok === 'ok' ? `ok ${sum}` : ok;
      }
      case 'slots-trial':
        return outcome(() => slots.startTrial());
      case 'slots-boot':
        return outcome(() => slots.boot());
      case 'slots-confirm':
        return outcome(() => slots.confirm());
      case 'slots-fail': {
        const numbers = words[2] === '-' ? [] : [Number(words[2])];
        const text = Buffer.from(unhex(words[3]!)).toString();
        const reason = renderReport({ number: Number(words[0]), during: Number(words[1]), numbers, text });
        return outcome(() => slots.fail(reason));
      }
      default:
        throw new Error(`no command ${command}`);
    }
  }

  #transfer(command: string, words: string[]): string {
    const statuses =
      command === 'offer'
        ? this.#receiver.handle(offerOf(words))
        : command === 'erase'
          ? this.#receiver.erase()
          : this.#receiver.handle({
              type: 'chunk',
              transfer: unhex(words[0]),
              offset: Number(words[1]),
              bytes: unhex(words[2]),
            });
    return `${statuses.map(statusText).join('')} erasing=${this.#receiver.erasing ? 1 : 0} ready=${this.#receiver.ready?.slot ?? -1}`;
  }

  #state(): string {
    const { slots } = this;
    const both = slots.slots().map(slotText).join('');
    return ` highest=${slots.highestSequence} active=${slots.active()?.slot ?? -1} received=${slots.transfer()?.received ?? 0}${both}`;
  }
}

function offerOf([sequence, total, sha256]: string[]): Offer {
  return { type: 'offer', sequence: Number(sequence), total: Number(total), sha256: unhex(sha256) };
}

/** A reason as `print_reason` of driver.c prints it. */
export function reasonText(reason: Reason): string {
  const { number, during, numbers, text } = reportOf(reason);
  return `${number}:${during}:${numbers.join(',')}:${Buffer.from(text).toString('hex')}`;
}

function statusText({ state, sequence, received, total, sha256, reason }: OtaStatus): string {
  const why = reason ? ` ${reasonText(reason)}` : '';
  return `{${state} ${sequence} ${received} ${total} ${hex(sha256.subarray(0, 4))}${why}}`;
}

function slotText({ state, sequence, total, sha256, reason }: SlotInfo): string {
  const why = state === 'failed' ? ` ${reason ? reasonText(reason) : '0:0::'}` : '';
  return ` [${state} ${sequence} ${total} ${hex(sha256.subarray(0, 4))}${why}]`;
}

/** A key that isn't UTF-8 becomes half a surrogate pair here. */
function keyOf(word: string): string {
  const bytes = Buffer.from(unhex(word));
  const key = bytes.toString();
  return bytes.equals(Buffer.from(key)) ? key : '\ud800';
}

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'ok';
  } catch (error) {
    if (error instanceof MoteError) return error.code;
    throw error;
  }
}

function outcome(action: () => unknown): string {
  try {
    action();
    return 'ok';
  } catch (error) {
    if (error instanceof MoteError) return reasonText({ code: error.code, text: error.message });
    throw error;
  }
}
