/** Random scripts for `driver.c`. The state of the reference determines each next line. */
import { createHash } from 'node:crypto';
import { encodeMessage, Xorshift } from '../../host/device/link/index.ts';
import {
  EMPTY_SLOT,
  encodeJournal,
  type JournalState,
  type SlotRecord,
} from '../../host/device/update/slot-journal.ts';
import { type Geometry, Reference } from './reference.ts';

export interface Script {
  lines: string[];
  expected: string[];
  reference: Reference;
}

const hex = (bytes: Uint8Array) => (bytes.length === 0 ? '-' : Buffer.from(bytes).toString('hex'));
const text = (value: string) => hex(Buffer.from(value));

class Writer {
  readonly random: Xorshift;
  readonly geometry: Geometry;
  readonly script: Script;

  constructor(geometry: Geometry, seed: number) {
    this.geometry = geometry;
    this.random = new Xorshift(seed);
    this.script = { lines: [], expected: [], reference: new Reference(geometry) };
  }

  /** Executes the line on the reference; returns false if the power was cut in it. */
  add(line: string): boolean {
    const answer = this.script.reference.run(line);
    this.script.lines.push(line);
    this.script.expected.push(answer);
    return !answer.startsWith('cut |');
  }

  pick<T>(...values: T[]): T {
    return values[this.random.below(values.length)]!;
  }

  /** Random bytes with runs of ones, which look like erased flash. */
  bytes(count: number): Uint8Array {
    const out = Uint8Array.from({ length: count }, () => this.random.next() >>> 24);
    if (count > 8 && this.random.below(3) === 0) out.fill(0xff, this.random.below(count), count - this.random.below(8));
    return out;
  }

  /** Sometimes plans a power cut. */
  maybeCut(max: number): void {
    if (this.random.below(12) === 0) this.add(`cut ${this.random.below(max)} ${this.random.below(5)}`);
  }
}

/** Sets, deletes, reads, restarts and cuts on a store of `pages` pages. */
export function kvScript(geometry: Geometry, pages: number, steps: number, seed: number): Script {
  const writer = new Writer(geometry, seed);
  const { random } = writer;
  const open = `kv-open 1 ${pages}`;
  const keys = ['a', 'b', 'level', 'ключ', 'k'.repeat(64), ...Array.from({ length: 20 }, (_, i) => `key ${i}`)];
  const odd = [hex(Buffer.alloc(0)), text('k'.repeat(65)), 'ff', 'c3', 'eda080', '00'];
  writer.add(open);
  for (let step = 0; step < steps; step++) {
    writer.maybeCut(8);
    const key = random.below(30) === 0 ? writer.pick(...odd) : text(writer.pick(...keys));
    const length = writer.pick(0, 1, 4, random.below(40), random.below(200), random.below(1030));
    const kind = random.below(20);
    let line = `kv-set ${key} ${hex(writer.bytes(length))}`;
    if (kind > 17) line = 'kv-keys';
    else if (kind > 15) line = `kv-get ${key}`;
    else if (kind > 11) line = `kv-delete ${key}`;
    else if (kind === 11) line = open;
    else if (kind === 10) line = `kv-raw ${hex(writer.bytes(1 + random.below(30)))}`;
    else if (kind === 9)
      line = `kv-raw ${hex(Buffer.from([writer.pick(0, 1, 1, 2), writer.pick(1, 2, 65), 0x61, ...writer.bytes(random.below(9))]))}`;
    const done = writer.add(line);
    if (!done || line.startsWith('kv-raw')) writer.add(open);
    if (!done) writer.add('kv-keys');
  }
  writer.add(open);
  writer.add('kv-keys');
  writer.add('dump');
  return writer.script;
}

class Package {
  readonly bytes: Uint8Array;
  readonly sha256: Buffer;
  readonly sequence: number;

  constructor(writer: Writer, sequence: number, count: number) {
    this.sequence = sequence;
    this.bytes = writer.bytes(count);
    if (count > 0 && writer.random.below(4) === 0) this.bytes[0] = writer.pick(0xdd, 0xee, 0xee);
    this.sha256 = createHash('sha256').update(this.bytes).digest();
  }

  get offer(): string {
    return `${this.sequence} ${this.bytes.length} ${this.sha256.toString('hex')}`;
  }
}

/**
 * Calls of the slot store, or of the transfer above it, mostly valid ones. `failing`: trials have any outcome but
 * success.
 */
export function slotsScript(
  geometry: Geometry,
  slotPages: number,
  steps: number,
  seed: number,
  failing = false,
): Script {
  const writer = new Writer(geometry, seed);
  const { random, script } = writer;
  const open = `slots-open 1 ${2 + 2 * slotPages} 2 ${slotPages}`;
  const slotBytes = slotPages * geometry.pageBytes;
  const history = [new Package(writer, 1, 100)];
  let newest = 1;
  const known = () => `offer ${writer.pick(...history.slice(-6)).offer}`;
  const next = () => {
    const sequence = random.below(4) ? newest + 1 + random.below(3) : random.below(newest + 3);
    const max = writer.pick(30, 30, geometry.pageBytes, Math.min(3 * geometry.pageBytes, slotBytes));
    const count = random.below(25) ? random.below(max + 1) : slotBytes + random.below(3) - 1;
    const one = new Package(writer, sequence, count);
    history.push(one);
    newest = Math.max(newest, sequence);
    return `${writer.pick('slots-begin', 'offer')} ${one.offer}`;
  };
  const chunk = () => {
    const { received = 0, sha256 } = script.reference.slots.transfer() ?? {};
    const current = history.find((one) => sha256 && one.sha256.equals(sha256)) ?? history.at(-1)!;
    const offset = random.below(10) ? received : Math.max(0, received + random.below(400) - 200);
    const bytes = current.bytes.slice(offset, offset + writer.pick(1, 7, 256, 1024, random.below(4097)));
    if (random.below(12) === 0 && bytes.length > 0) bytes[0]! ^= 1;
    const id = current.sha256.subarray(0, 8).toString('hex');
    return random.below(3) ? `chunk ${id} ${offset} ${hex(bytes)}` : `slots-append ${offset} ${hex(bytes)}`;
  };
  // The first chunk of the package whose head the receiver wants.
  const head = () => {
    const [, sequence, digest] = /\{receiving (\d+) 0 0 (\w+)\}/.exec(script.expected.at(-1) ?? '') ?? [];
    const wanted = history.find(
      (one) => `${one.sequence} ${one.sha256.toString('hex', 0, 4)}` === `${sequence} ${digest}`,
    );
    if (wanted === undefined) return null;
    const id = wanted.sha256.toString('hex', 0, 8);
    return `chunk ${id} 0 ${hex(wanted.bytes.slice(0, writer.pick(1, 512, 1024)))}`;
  };
  // A sentence with a number, one with a text that is cut, one without arguments, one of another phase.
  const reason = () =>
    writer.pick(
      `67 0 ${random.below(1000)} -`,
      `54 3 - ${text('x'.repeat(random.below(100) + 1))}`,
      '68 0 - -',
      `52 1 - ${text('é'.repeat(random.below(30) + 1))}`,
    );
  writer.add(open);
  for (let step = 0; step < steps; step++) {
    writer.maybeCut(20);
    const states = script.reference.slots.slots().map(({ state }) => state);
    const likely = script.reference.slots.erasing
      ? writer.pick('slots-erase', 'erase')
      : states.includes('receiving')
        ? chunk()
        : states.includes('ready')
          ? writer.pick('slots-trial', 'slots-trial', 'slots-finish', known())
          : states.includes('trial')
            ? writer.pick('slots-boot', failing ? 'slots-boot' : 'slots-confirm', `slots-fail ${reason()}`)
            : random.below(5)
              ? next()
              : known();
    const any = writer.pick(next, chunk, known, () => `slots-read ${random.below(2)}`);
    const rare = writer.pick(
      'slots-finish',
      'slots-discard',
      'slots-trial',
      'slots-boot',
      'slots-confirm',
      'slots-erase',
      'wait 50',
      open,
      open,
    );
    const line = (random.below(6) > 0 && head()) || [likely, likely, likely, likely, any(), rare][random.below(6)]!;
    if (!writer.add(line)) writer.add(open);
  }
  writer.add(open);
  writer.add('dump');
  return script;
}

/** Repeated starts of a whole node's storage, with configurations and keys of the module in between. */
export function storageScript(geometry: Geometry, steps: number, seed: number): Script {
  const writer = new Writer(geometry, seed);
  const { random } = writer;
  const pages = geometry.sizeBytes / geometry.pageBytes;
  const agentPages = geometry.pageBytes < 4096 ? 4 : 2;
  const open = `storage-open ${agentPages} 4 2 ${Math.floor((pages - agentPages - 6) / 2)}`;
  while (!writer.add(open));
  for (let step = 0; step < steps; step++) {
    writer.maybeCut(6);
    const values = Object.fromEntries(
      Array.from({ length: random.below(30) }, (_, i) => [`setting ${i}`, random.next()]),
    );
    const line = writer.pick(
      open,
      `storage-config ${hex(encodeMessage({ type: 'config', values }))}`,
      `kv-set ${text(writer.pick('x', 'y'))} ${hex(writer.bytes(random.below(50)))}`,
    );
    if (!writer.add(line)) while (!writer.add(open));
  }
  writer.add('dump');
  return writer.script;
}

/** Slot journals with records that no store would write: both sides accept or ignore the same ones. */
export function journalScript(geometry: Geometry, slotPages: number, steps: number, seed: number): Script {
  const writer = new Writer(geometry, seed);
  const { random } = writer;
  const open = `slots-open 1 ${2 + 2 * slotPages} 2 ${slotPages}`;
  const states = ['empty', 'receiving', 'ready', 'trial', 'confirmed', 'failed'] as const;
  const slot = (): SlotRecord => ({
    state: writer.pick(...states),
    booted: random.below(4) === 0,
    sequence: random.below(20),
    total: random.below(slotPages * geometry.pageBytes + 100),
    sha256: writer.bytes(32),
  });
  writer.add(open);
  for (let step = 0; step < steps; step++) {
    const state: JournalState = {
      highest: random.below(10),
      failed: Array.from({ length: random.below(9) }, () => random.below(100)),
      slots: [slot(), random.below(2) ? slot() : EMPTY_SLOT],
      reason: writer.pick(
        null,
        { number: 54, during: 3, numbers: [], text: 'é out of fuel' },
        { number: 54, during: 3, numbers: [], text: 'a\u0085\ufffe\u{1ffff}b\n' },
        { number: 9999, during: 9, numbers: [-1, 2 ** 40], text: '' },
      ),
    };
    const record = encodeJournal(state);
    for (let change = random.below(3); change > 0; change--)
      record[writer.pick(1, 2, 3, 128, 129, record.length - 1, random.below(record.length))] = writer.pick(
        0,
        1,
        random.below(256),
      );
    writer.add(`slots-raw ${hex(random.below(9) ? record : record.subarray(0, random.below(record.length)))}`);
    writer.add(open);
    if (random.below(4) === 0 && !writer.add('slots-boot')) writer.add(open);
  }
  return writer.script;
}

/** Flash with changed bytes: both sides open any contents alike and continue. */
export function spoiltScript(steps: number, seed: number): Script {
  const geometry = { sizeBytes: 8 * 512, pageBytes: 512, writeBytes: 8 };
  const writer = new Writer(geometry, seed);
  const { random, script } = writer;
  const opens = ['slots-open 2 6 2 2', 'kv-open 0 2'];
  const package1 = new Package(writer, 1, 600);
  const work = () => [
    `kv-set ${text(writer.pick('a', 'b', 'c'))} ${hex(writer.bytes(random.below(60)))}`,
    `kv-delete ${text(writer.pick('a', 'b'))}`,
    `slots-begin ${package1.offer}`,
    'slots-erase',
    `slots-append 0 ${hex(package1.bytes.subarray(0, writer.pick(100, 600)))}`,
    writer.pick('slots-finish', 'slots-discard'),
    writer.pick('slots-trial', 'slots-boot'),
    writer.pick('slots-boot', 'slots-fail 68 0 - -', 'slots-confirm'),
  ];
  for (const line of opens) writer.add(line);
  for (let step = 0; step < steps; step++) {
    const image = script.reference.flash.image();
    const max = writer.pick(1, 6, 40);
    for (let change = random.below(max); change >= 0; change--) image[random.below(image.length)] = random.next();
    // Mostly the written bytes, sometimes only noise.
    for (const line of [
      `load 0 ${hex(random.below(20) ? image : writer.bytes(image.length))}`,
      ...opens,
      'kv-keys',
      'slots-read 0',
      ...work(),
    ])
      writer.add(line);
  }
  return script;
}
