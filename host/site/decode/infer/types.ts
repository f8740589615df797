/**
 * Messages of many topics, sorted into types of devices: what has the same format and mostly the same fields is of one
 * type, and gets an offer of its own.
 */
import { isObject } from '../../../base/index.ts';
import type { RawMessage } from '../../model/index.ts';
import type { Kind } from '../description.ts';
import { inferDecoders, type Offer } from './index.ts';
import { topicFilter } from './places.ts';
import { csvForm, isRecord, moteNamespace, sniff } from './sniff.ts';

/** Types that are told apart; topics of more are left out. */
const MAX_TYPES = 100;
/** Fields of a topic that are compared. */
const MAX_FIELDS = 200;
/** Filters of one decoder, as the schema of a site has it. */
const MAX_FILTERS = 256;
/** Records of one document that are looked at. */
const MAX_RECORDS = 20;

export interface TypeOffer extends Omit<Offer, 'topics'> {
  /** Filters that match the topics of the type, and of no other type in the sample. */
  readonly topics: readonly string[];
  /** A message of the sample. */
  readonly example: RawMessage;
}

interface Type {
  readonly kind: Kind;
  readonly depth: number;
  /** First level; of moteware's own messages the namespace. */
  readonly front: string;
  readonly fields: Set<string>;
  readonly topics: string[];
  /** Of each topic without its first level. */
  readonly rests: Set<string>;
  readonly messages: RawMessage[];
}

/** Messages of one type, which `offerOf` makes an offer of. */
export interface MessageType {
  readonly filters: readonly string[];
  readonly messages: readonly RawMessage[];
}

/** The types that a sample has, the one with the most messages first. Topics with no known format are in `others`. */
export function typesOf(sample: readonly RawMessage[]): { types: MessageType[]; others: string[] } {
  const byTopic = new Map<string, RawMessage[]>();
  for (const message of sample) {
    const known = byTopic.get(message.topic);
    if (known === undefined) byTopic.set(message.topic, [message]);
    else known.push(message);
  }
  const types: Type[] = [];
  const others: string[] = [];
  for (const [topic, messages] of [...byTopic].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const own = typeOf(topic, messages);
    const same = own === null ? undefined : types.find((type) => isSame(type, own));
    if (own === null || (same === undefined && types.length >= MAX_TYPES)) others.push(topic);
    else if (same === undefined) types.push(own);
    else {
      for (const field of own.fields) if (same.fields.size < MAX_FIELDS) same.fields.add(field);
      same.topics.push(topic);
      for (const rest of own.rests) same.rests.add(rest);
      same.messages.push(...own.messages);
    }
  }
  types.sort((a, b) => b.messages.length - a.messages.length);
  return { types: types.map((type) => ({ filters: filtersOf(type, types), messages: type.messages })), others };
}

/** Null if no message of the type has values. */
export function offerOf({ filters, messages }: MessageType): TypeOffer | null {
  const [offer] = inferDecoders(messages);
  return offer === undefined ? null : { ...offer, topics: filters, example: messages.at(-1)! };
}

/** The type that a topic alone would be; its messages are those of the most frequent format. */
function typeOf(topic: string, messages: readonly RawMessage[]): Type | null {
  const byKind = new Map<Kind, { message: RawMessage; document: unknown }[]>();
  for (const message of messages) {
    const sniffed = sniff(message);
    if (sniffed === null) continue;
    const list = byKind.get(sniffed.kind) ?? [];
    byKind.set(sniffed.kind, [...list, { message, document: sniffed.document }]);
  }
  const [most] = [...byKind].sort(([, a], [, b]) => b.length - a.length);
  if (most === undefined) return null;
  const [kind, list] = most;
  const levels = topic.split('/');
  const fields = new Set<string>();
  for (const { message, document } of list) addFields(fields, kind, message, document);
  const first = list[0]!.message;
  return {
    kind,
    depth: levels.length,
    front: kind === 'mote' ? moteNamespace(first)! : levels[0]!,
    fields,
    topics: [topic],
    rests: new Set([levels.slice(1).join('/')]),
    messages: list.map(({ message }) => message),
  };
}

function addFields(fields: Set<string>, kind: Kind, { payload }: RawMessage, document: unknown): void {
  const add = (name: string) => {
    if (fields.size < MAX_FIELDS) fields.add(name);
  };
  const walk = (value: unknown, path: string, levels: number) => {
    if (Array.isArray(value)) for (const one of value.slice(0, MAX_RECORDS)) walk(one, path, levels);
    else if (isObject(value) && isRecord(value))
      for (const [name, inner] of Object.entries(value).slice(0, MAX_FIELDS)) {
        add(`${path}/${name}`);
        if (levels > 0) walk(inner, `${path}/${name}`, levels - 1);
      }
  };
  if (kind === 'json') walk(document, '', 1);
  if (kind === 'csv') {
    const form = csvForm(payload);
    if (form?.header === true) for (const name of form.rows[0] ?? []) add(name.trim());
    else if (form !== null) add(`${form.rows[0]?.length} columns`);
  }
}

/**
 * Half of all fields are enough: devices of one type leave some out. Topics are alike below a common first level, or if
 * they differ in that only.
 */
function isSame(a: Type, b: Type): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === 'sparkplug') return true;
  if (a.kind === 'mote') return a.front === b.front;
  if (a.depth !== b.depth || !(a.front === b.front || [...b.rests].some((rest) => a.rests.has(rest)))) return false;
  if (a.fields.size === 0 || b.fields.size === 0) return a.fields.size === b.fields.size;
  let common = 0;
  for (const field of b.fields) if (a.fields.has(field)) common++;
  return 2 * common >= a.fields.size + b.fields.size - common;
}

/**
 * One filter if it has a level without a wildcard and no topic of another type, else one for each first level, else the
 * topics themselves.
 */
function filtersOf(type: Type, types: readonly Type[]): string[] {
  const foreign = types.filter((other) => other !== type).flatMap(({ topics }) => topics);
  const filterOf = (topics: readonly string[]) => topicFilter(topics.map((topic) => ({ topic })));
  const byFront = new Map<string, string[]>();
  for (const topic of type.topics) {
    const front = topic.split('/', 1)[0]!;
    byFront.set(front, [...(byFront.get(front) ?? []), topic]);
  }
  const single = filterOf(type.topics);
  const perFront = [...byFront.values()].map(filterOf);
  // A filter of wildcards alone would have topics of anybody.
  const candidates = /[^+#/]/.test(single) ? [[single], perFront] : [perFront];
  const clean = candidates.find(
    (filters) =>
      filters.length <= MAX_FILTERS &&
      type.topics.every((topic) => filters.some((filter) => covers(filter, topic))) &&
      !foreign.some((topic) => filters.some((filter) => covers(filter, topic))),
  );
  return clean ?? type.topics.slice(0, MAX_FILTERS);
}

/** As MQTT matches; such a filter has whole levels, with `#` only at its end. */
function covers(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  const [want, have] = [filter.split('/'), topic.split('/')];
  for (const [i, level] of want.entries()) {
    if (level === '#') return true;
    if (i >= have.length || (level !== '+' && level !== have[i])) return false;
  }
  return want.length === have.length;
}
