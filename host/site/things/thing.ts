/**
 * The Thing Description of a node (W3C Web of Things Thing Description 1.1) from its birth: metrics are properties,
 * commands are actions, and events that it has sent are events. It names only what works: values are read by the API of
 * the site, and commands and events go over its broker.
 */
import { createHash } from 'node:crypto';
import type { NodeState } from '../../messaging/topics/index.ts';
import { topicOf } from '../../messaging/topics/index.ts';
import { formatTime } from '../model/index.ts';

export type NodeBirth = NonNullable<NodeState['birth']>;

/** What is known of a node, and where it is reached. */
export interface ThingSource {
  readonly namespace: string;
  readonly node: string;
  readonly birth: NodeBirth;
  /** When the birth came, in UTC microseconds. */
  readonly bornUs: number;
  /** Names of events that it has sent. */
  readonly events: readonly string[];
  /** Where it is; null: at no asset. */
  readonly asset: string | null;
  /** Such as `http://127.0.0.1:8080`. */
  readonly apiUrl: string;
  /** Whether the API needs a token. */
  readonly secured: boolean;
  /** Such as `mqtt://127.0.0.1:1883`. */
  readonly brokerUrl: string;
}

/** The namespace of names that are URLs (RFC 9562, section 6.6). */
const URL_NAMES = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex');

/** A UUID of version 5 (RFC 9562, section 5.5): the same for a node whenever it is asked. */
function uuid(name: string): string {
  const bytes = createHash('sha1').update(URL_NAMES).update(name).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const byName = <T>(entries: readonly (readonly [string, T])[]): Record<string, T> => Object.fromEntries(entries);

/** A JSON object that the JSON Schema of the TD 1.1 accepts. */
export function thingDescription(source: ThingSource): Record<string, unknown> {
  const { namespace, node, birth, bornUs, events, asset, apiUrl, secured, brokerUrl } = source;
  const { module, firmware, metrics, commands } = birth;
  const values = `${apiUrl}/api/things/${encodeURIComponent(node)}/properties`;
  const properties = metrics.map(({ name, unit, exponent }) => {
    const form = { href: `${values}/${encodeURIComponent(name)}`, op: 'readproperty', contentType: 'application/json' };
    // An integer without a fraction stays one.
    const type = exponent >= 0 ? 'integer' : 'number';
    return [name, { type, ...(unit !== '' && { unit }), readOnly: true, observable: false, forms: [form] }] as const;
  });
  const security = ['broker'];
  const actions = commands.map((name) => {
    const href = `${brokerUrl}/${topicOf(namespace, node, 'cmd')}`;
    const input = {
      type: 'object',
      properties: {
        name: { type: 'string', const: name },
        id: { oneOf: [{ type: 'string' }, { type: 'integer' }] },
        body: {},
      },
      required: ['name'],
    };
    return [name, { input, forms: [{ href, op: 'invokeaction', contentType: 'application/json', security }] }] as const;
  });
  const sent = events.map((name) => {
    const href = `${brokerUrl}/${topicOf(namespace, node, 'e')}`;
    const description = `CBOR array of version, name, time, number and body; all events have this topic, and the user property "subject" has the name ${name}.`;
    const form = { href, op: 'subscribeevent', contentType: 'application/cbor', security };
    return [name, { description, data: { type: 'array' }, forms: [form] }] as const;
  });
  return {
    '@context': 'https://www.w3.org/2022/wot/td/v1.1',
    id: `urn:uuid:${uuid(`${namespace}/d/${node}`)}`,
    title: node,
    ...(asset !== null && { description: `At ${asset}.` }),
    version: {
      instance: module === null ? firmware.version : module.version,
      model: module === null ? firmware.name : module.name,
    },
    modified: formatTime(bornUs),
    securityDefinitions: {
      api: secured ? { scheme: 'bearer', in: 'header' } : { scheme: 'nosec' },
      // What the broker asks for at a connection.
      broker: { scheme: 'auto' },
    },
    security: ['api'],
    properties: byName(properties),
    actions: byName(actions),
    events: byName(sent),
  };
}
