/**
 * The decoders of a site while it runs: those of site.yaml and those that were accepted since, of which the first one
 * that has the topic of a message decodes it. When they change, earlier messages are decoded again.
 */
import { type Clock, systemClock } from '../../base/index.ts';
import type { NamedDecoder, SiteConfig } from '../config/index.ts';
import type { Counts } from '../decode/index.ts';
import type { Decoded, RawMessage } from '../model/index.ts';
import { type Ingest, readSetting, type SiteStore, writeSetting } from '../store/index.ts';
import { readAccepted, removeAccepted, writeAccepted } from './accepted.ts';
import { changedFronts, Decoding, type DecodingPlan, type SavedStates } from './decoding.ts';
import type { SiteLog } from './log.ts';
import { type Acceptance, Offers } from './offers.ts';

const STATES = 'decoder-states';
const PLAN = 'decoded-with';

export interface UsedDecoder extends NamedDecoder {
  /** While the site ran; the others are in site.yaml. */
  readonly accepted: boolean;
}

/** `again` resolves when earlier messages are decoded, too. */
export interface DecodersChanged {
  readonly again: Promise<void>;
}

export interface DecodersOptions {
  readonly log: SiteLog;
  readonly clock?: Clock;
}

export class SiteDecoders {
  readonly offers: Offers;
  readonly #store: SiteStore;
  readonly #log: SiteLog;
  readonly #clock: Clock;
  readonly #namespace: string;
  #ofFile: readonly NamedDecoder[];
  #accepted: readonly NamedDecoder[];
  #decoding: Decoding;
  #ingest: Ingest | undefined;
  /** Earlier messages that are decoded again. Never rejects. */
  #again: Promise<void> = Promise.resolve();
  #decodedAgain = { running: false, messages: 0 };
  /** Changes come one after the other. */
  #changes: Promise<unknown> = Promise.resolve();
  #closing = false;

  private constructor(
    config: SiteConfig,
    store: SiteStore,
    { log, clock }: DecodersOptions,
    { accepted, decoding, lastId }: { accepted: readonly NamedDecoder[]; decoding: Decoding; lastId: number },
  ) {
    this.#namespace = config.namespace;
    this.#ofFile = config.decoders;
    this.#store = store;
    this.#log = log;
    this.#clock = clock ?? systemClock;
    this.#accepted = accepted;
    this.#decoding = decoding;
    this.offers = new Offers({
      store,
      startId: lastId,
      isDecoded: (topic) => this.#decoding.has(topic),
      names: () => this.list().map(({ name }) => name),
    });
  }

  /** With their states as of the store's position: those that were kept, and what came since. */
  static async open(config: SiteConfig, store: SiteStore, options: DecodersOptions): Promise<SiteDecoders> {
    const text = await readSetting(store.registry, STATES);
    const saved: { position: number; states: SavedStates } =
      text === undefined ? { position: 0, states: {} } : JSON.parse(text);
    const accepted = await readAccepted(store.registry);
    const decoding = new Decoding(config.namespace, inUse(config.decoders, accepted), saved.states);
    const lastId = await store.telemetry.position();
    // Without a state of a decoder, for instance because it is new, its messages are read from the first one on.
    await foldLacking(decoding, store, 1, saved.position);
    for await (const messages of store.archive.read({ firstId: saved.position + 1, lastId }))
      for (const message of messages) decoding.fold(message, true);
    return new SiteDecoders(config, store, options, { accepted, decoding, lastId });
  }

  /** Decodes again what needs it: the configuration may have changed, or a crash have ended this before. Once. */
  start(ingest: Ingest): void {
    this.#ingest = ingest;
    this.#startDecodingAgain().catch(() => {});
  }

  /** Throws `UNDECODED` if no decoder has the topic. */
  decode(message: RawMessage): Decoded {
    return this.#decoding.decode(message);
  }

  /** A message of which no points were made; a decoder may be offered for it. */
  seeUndecoded(message: RawMessage): void {
    if (!this.#decoding.has(message.topic)) this.offers.see(message);
  }

  /** In the order in which they are tried, without that of moteware's own messages. */
  list(): readonly UsedDecoder[] {
    return inUse(this.#ofFile, this.#accepted).map((one) => ({ ...one, accepted: !this.#ofFile.includes(one) }));
  }

  /** What was refused since the start, by decoder and reason. */
  counts(): { decoder: string; counts: Counts }[] {
    return this.#decoding.counts();
  }

  /** Earlier messages that were decoded again since the start, and whether that goes on. */
  get decodedAgain(): { readonly running: boolean; readonly messages: number } {
    return { ...this.#decodedAgain };
  }

  /** Takes other decoders of the file, and decodes earlier messages again. Throws `DECODER`; then nothing has changed. */
  async reload(ofFile: readonly NamedDecoder[]): Promise<void> {
    const { again } = await this.#inTurn(() =>
      this.#change(inUse(ofFile, this.#accepted), () => {
        this.#ofFile = ofFile;
      }),
    );
    await again;
  }

  /**
   * Keeps a decoder and decodes by it what comes from now on. Throws `OFFER`, `DECODER`, and what the registry throws;
   * then nothing has changed.
   */
  accept(acceptance: Acceptance): Promise<DecodersChanged & { decoder: NamedDecoder }> {
    return this.#inTurn(async () => {
      const decoder = await this.offers.chosen(acceptance);
      await writeAccepted(this.#store.registry, decoder, this.#nowUs());
      this.#log.info({ decoder: decoder.name, topics: decoder.topics }, `the decoder ${decoder.name} was accepted`);
      return { decoder, ...(await this.#changeAccepted()) };
    });
  }

  /** Removes an accepted decoder and the points that it has made. Throws `OFFER`. */
  remove(name: string): Promise<DecodersChanged> {
    return this.#inTurn(async () => {
      await removeAccepted(this.#store.registry, name, this.#nowUs());
      this.#log.info({ decoder: name }, `the decoder ${name} was removed`);
      return this.#changeAccepted();
    });
  }

  /** Keeps the states of the decoders with the position that they belong to. */
  async save(): Promise<void> {
    const saved = await this.#store.still(async () => ({
      position: await this.#store.telemetry.position(),
      states: this.#decoding.states(),
    }));
    await writeSetting(this.#store.registry, STATES, JSON.stringify(saved));
  }

  /** The store will close; what decodes earlier messages then ends. */
  close(): void {
    this.#closing = true;
  }

  /** Resolves when no earlier messages are decoded. */
  get ended(): Promise<void> {
    return this.#again;
  }

  #nowUs(): number {
    return this.#clock.utcMs() * 1000;
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(change);
    this.#changes = result.catch(() => {});
    return result;
  }

  async #changeAccepted(): Promise<DecodersChanged> {
    const accepted = await readAccepted(this.#store.registry);
    return this.#change(inUse(this.#ofFile, accepted), () => {
      this.#accepted = accepted;
    });
  }

  /** Takes other decoders, with the states that all messages until now leave. */
  async #change(decoders: readonly NamedDecoder[], keep: () => void): Promise<DecodersChanged> {
    const store = this.#store;
    const decoding = this.#decoding.changed(decoders);
    const lastId = await store.telemetry.position();
    await foldLacking(decoding, store, 1, lastId);
    await store.still(async () => {
      await foldLacking(decoding, store, lastId + 1, await store.telemetry.position());
      this.#decoding = decoding;
      keep();
    });
    return { again: this.#startDecodingAgain() };
  }

  /** Behind what decodes again already. */
  #startDecodingAgain(): Promise<void> {
    const again = this.#again.then(() => this.#decodeAgain());
    this.#again = again.catch((error: Error) => {
      if (!this.#closing) this.#log.error({}, `Earlier messages could not be decoded again: ${error.message}`);
    });
    return again;
  }

  /** Replaces the points of earlier messages whose decoder has changed. After a crash it begins again. */
  async #decodeAgain(): Promise<void> {
    const { registry } = this.#store;
    const [plan, decoders] = [this.#decoding.plan(), this.list()];
    const before = JSON.parse((await readSetting(registry, PLAN)) ?? '{}') as DecodingPlan;
    let count = 0;
    this.#decodedAgain.running = true;
    try {
      for (const topicPrefix of changedFronts(before, plan)) {
        const { decode } = new Decoding(this.#namespace, decoders);
        count += await this.#ingest!.redecode({ topicPrefix }, (message) => {
          this.#decodedAgain.messages++;
          return decode(message);
        });
      }
      await writeSetting(registry, PLAN, JSON.stringify(plan));
    } finally {
      this.#decodedAgain.running = false;
    }
    if (count > 0) this.#log.info({ messages: count }, `${count} earlier messages were decoded again`);
  }
}

/** Those of site.yaml come first, and one of them stands for an accepted one of its name. */
function inUse(ofFile: readonly NamedDecoder[], accepted: readonly NamedDecoder[]): readonly NamedDecoder[] {
  return [...ofFile, ...accepted.filter(({ name }) => !ofFile.some((one) => one.name === name))];
}

/** Takes the states that stored messages leave, where a decoder lacks them. */
async function foldLacking(decoding: Decoding, store: SiteStore, firstId: number, lastId: number): Promise<void> {
  if (firstId > lastId) return;
  for (const topicPrefix of decoding.lacking())
    for await (const messages of store.archive.read({ topicPrefix, firstId, lastId }))
      for (const message of messages) decoding.fold(message);
}
