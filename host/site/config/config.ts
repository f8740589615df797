/** Reads `site.yaml`. Schema: docs/schemas/site.schema.json. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { MoteError, packagePath, readInput } from '../../base/index.ts';
import { type BrokerChoice, isLoopback } from '../../messaging/broker/index.ts';
import { parseAddress, parseBroker, parseSerial, type SerialLine } from '../../messaging/gateway/index.ts';
import { isTopicFilter } from '../../messaging/mqtt/index.ts';
import { DEFAULT_NAMESPACE } from '../../messaging/topics/index.ts';
import { parseDescription } from '../decode/index.ts';
import type { Retention } from '../store/index.ts';
import { type CameraConfig, cameraDecoders, type RawCamera, readCameras } from './camera.ts';
import { type ModbusConfig, modbusDecoders, type RawModbus, readModbus } from './modbus.ts';
import { type OpcuaConfig, opcuaDecoders, type RawOpcua, readOpcua } from './opcua.ts';
import type { At, Wrong } from './place.ts';
import { type RawSparkplug, readSparkplugConfig, type SparkplugConfig } from './sparkplug.ts';

export interface NamedDecoder {
  readonly name: string;
  /** Topic filters of MQTT. */
  readonly topics: readonly string[];
  /** A description, docs/decoders.md. */
  readonly decoder: unknown;
}

/** Who may send messages by HTTP. */
export interface HttpKey {
  readonly name: string;
  /** The secret itself. */
  readonly key: string;
  /** Topic filters of what it may write to. */
  readonly topics: readonly string[];
  /** A second, over longer times; twice that at once. */
  readonly rate: { readonly messages: number; readonly bytes: number };
}

interface Address {
  readonly host: string;
  readonly port: number;
}

export interface SiteConfig {
  /** Absolute, as every path here. */
  readonly data: string;
  readonly namespace: string;
  readonly broker: BrokerChoice;
  /** Null: the site serves no links of nodes. */
  readonly nodes: {
    readonly listen: Address;
    readonly allow: string | null;
    readonly insecure: boolean;
    readonly serial: readonly SerialLine[];
  } | null;
  readonly http: { readonly listen: Address; readonly token: string | null; readonly keys: readonly HttpKey[] };
  readonly collect: readonly string[];
  readonly exclude: readonly string[];
  /** Those of the file, and one of each OPC UA and Modbus connection, in front of which those of the file come. */
  readonly decoders: readonly NamedDecoder[];
  /** Null: nothing is republished by asset. */
  readonly uns: { readonly prefix: string; readonly expirySeconds: number } | null;
  readonly opcua: OpcuaConfig;
  readonly modbus: ModbusConfig;
  /** Null: the site is no host application of Sparkplug B. */
  readonly sparkplugHost: { readonly id: string } | null;
  /** Null: the site is no edge node. */
  readonly sparkplug: SparkplugConfig | null;
  /** Null: no folder of files. */
  readonly files: { readonly folder: string } | null;
  readonly cameras: readonly CameraConfig[];
  readonly store: { readonly postgres?: string; readonly schema?: string; readonly retention: Retention };
  readonly log: 'error' | 'warn' | 'info' | 'debug';
}

interface RawKey {
  name: string;
  key?: string;
  file?: string;
  topics: string[];
  rate?: { messages?: number; bytes?: number };
}

/** What the file may leave out. */
interface Raw {
  data?: string;
  namespace?: string;
  broker?: string;
  nodes?: { listen?: string; allow?: string; insecure?: boolean; serial?: string[] };
  http?: { listen?: string; token?: string; keys?: RawKey[] };
  collect?: string[];
  exclude?: string[];
  decoders?: NamedDecoder[];
  uns?: { prefix: string; expirySeconds?: number };
  opcua?: RawOpcua;
  modbus?: RawModbus;
  sparkplug?: RawSparkplug;
  sparkplugHost?: { id: string };
  files?: { folder: string };
  cameras?: RawCamera[];
  store?: { postgres?: string; schema?: string; retention?: Retention };
  log?: SiteConfig['log'];
}

const MAX_BYTES = 1024 * 1024;
const DAY_SECONDS = 86_400;

/** What `mote site init` writes. */
export const DEFAULT_CONFIG = `# The configuration of a site. Editors that read YAML schemas complete it.
# yaml-language-server: $schema=${packagePath('docs', 'schemas', 'site.schema.json')}

# Folder of all that the site keeps.
data: data

# embedded:PORT starts a broker here; mqtt://HOST:PORT or mqtts://HOST:PORT uses one that runs.
broker: embedded:1883

# Nodes connect here; leave it out if a shim elsewhere serves them.
nodes:
  listen: 127.0.0.1:7878

# API, state and metrics.
http:
  listen: 127.0.0.1:8080

# Messages of other devices become points by decoders (docs/decoders.md). moteware's own need none.
decoders: []
# - name: press
#   topics: [plant/+/data]
#   decoder:
#     kind: json
#     version: 1
#     options:
#       device: { topic: 1 }
#       fields:
#         - { at: /temp, name: temperature, unit: Cel, exponent: -2 }

# Values and events are republished below this topic by the asset of their device (docs/assets.md).
# uns:
#   prefix: uns

# Whole UTC days that data is kept; null: for ever.
store:
  retention:
    rawDays: 30
    pointDays: 730
    eventDays: null
`;

let compiled: ValidateFunction<Raw> | undefined;

function validator(): ValidateFunction<Raw> {
  if (compiled !== undefined) return compiled;
  const schema = (name: string) => JSON.parse(readFileSync(packagePath('docs', 'schemas', name), 'utf8')) as object;
  const ajv = new Ajv({ allErrors: false, allowUnionTypes: true, discriminator: true });
  ajv.addSchema(schema('decoder.schema.json'), 'decoder.schema.json');
  compiled = ajv.compile<Raw>(schema('site.schema.json'));
  return compiled;
}

/** Reads a file. Throws `FILE`, and `SITE_CONFIG` with line and column of the mistake. */
export function loadConfig(path: string): SiteConfig {
  return parseConfig(Buffer.from(readInput(path, 'The configuration of the site')).toString('utf8'), path);
}

/** `path` is for errors, and its folder is that of relative paths. Throws `SITE_CONFIG`. */
export function parseConfig(text: string, path: string): SiteConfig {
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw new MoteError('SITE_CONFIG', `${path} has more than ${MAX_BYTES} bytes; it is no configuration of a site.`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const [error] = document.errors;
  if (error !== undefined)
    throw new MoteError(
      'SITE_CONFIG',
      `${place(error.pos[0])}: ${error.message.split('\n')[0]!.replace(/ at line .*/, '')}`,
    );
  /** An error at the node with these keys, or at the key itself. */
  const wrong = (keys: readonly string[], what: string, ofKey?: string) => {
    const name = [...keys, ...(ofKey === undefined ? [] : [ofKey])].join('.');
    return new MoteError(
      'SITE_CONFIG',
      `${place(offsetOf(document, keys, ofKey))}: ${name === '' ? 'it' : name} ${what}`,
    );
  };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (cause) {
    throw new MoteError('SITE_CONFIG', `${path}: ${(cause as Error).message}`, { cause });
  }
  const valid = validator();
  if (!valid(value)) throw schemaError(valid.errors![0]!, wrong);
  return checked(value, dirname(resolve(path)), wrong);
}

function schemaError({ instancePath, message, params }: ErrorObject, wrong: Wrong): MoteError {
  const keys = instancePath
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  if ('additionalProperty' in params)
    return wrong(keys, 'is no setting here; see docs/site.md', String(params.additionalProperty));
  const allowed = 'allowedValues' in params ? `: ${(params.allowedValues as unknown[]).join(', ')}` : '';
  return wrong(keys, `${message}${allowed}`);
}

/** Where a value begins in the text; the nearest one around it if there is none. */
function offsetOf(document: Document, keys: readonly string[], ofKey: string | undefined): number {
  for (let count = keys.length; count >= 0; count--) {
    const node = count === 0 ? document.contents : document.getIn(keys.slice(0, count), true);
    if (ofKey !== undefined && count === keys.length && isMap(node)) {
      const key = node.items.find(({ key: one }) => isScalar(one) && one.value === ofKey)?.key;
      if (isScalar(key) && key.range) return key.range[0];
    }
    const range = (node as { range?: [number, number, number] } | null | undefined)?.range;
    if (range) return range[0];
  }
  return 0;
}

/** Completes and checks what the schema can't. */
function checked(raw: Raw, folder: string, wrong: Wrong): SiteConfig {
  const at = <T>(keys: readonly string[], parse: () => T): T => {
    try {
      return parse();
    } catch (cause) {
      if (cause instanceof MoteError) throw wrong(keys, `is wrong: ${cause.message}`);
      throw cause;
    }
  };
  for (const name of ['collect', 'exclude'] as const)
    for (const [i, filter] of (raw[name] ?? []).entries())
      if (!isTopicFilter(filter))
        throw wrong([name, String(i)], 'is no topic filter: # must be last, and + alone in its level');
  const names = new Set<string>();
  for (const [i, { name, topics, decoder }] of (raw.decoders ?? []).entries()) {
    const keys = ['decoders', String(i)];
    if (names.has(name)) throw wrong([...keys, 'name'], 'is the name of an earlier decoder');
    names.add(name);
    for (const [j, filter] of topics.entries())
      if (!isTopicFilter(filter)) throw wrong([...keys, 'topics', String(j)], 'is no topic filter');
    at([...keys, 'decoder'], () => parseDescription(decoder));
  }
  const http = {
    listen: at(['http', 'listen'], () => parseAddress(raw.http?.listen ?? '127.0.0.1:8080', 'listen')),
    token: raw.http?.token ?? null,
    keys: keysOf(raw.http?.keys ?? [], folder, at, wrong),
  };
  if (!isLoopback(http.listen.host) && http.token === null)
    throw wrong(
      ['http'],
      'needs a token, because other machines can connect; add a random one of at least 16 characters',
    );
  const opcua = readOpcua(raw.opcua, folder, at, wrong);
  const modbus = readModbus(raw.modbus, folder, at, wrong);
  const cameras = readCameras(raw.cameras ?? [], folder, wrong);
  const { nodes, uns } = raw;
  const namespace = raw.namespace ?? DEFAULT_NAMESPACE;
  const within = (a: string, b: string) => a === b || a.startsWith(`${b}/`);
  if (uns !== undefined && (within(uns.prefix, `${namespace}/d`) || within(`${namespace}/d`, uns.prefix)))
    throw wrong(['uns', 'prefix'], `has the topics of nodes, ${namespace}/d, or is among them; choose another`);
  return {
    data: resolve(folder, raw.data ?? 'data'),
    namespace,
    broker: at(['broker'], () => parseBroker(raw.broker ?? 'embedded:1883')),
    nodes:
      nodes === undefined
        ? null
        : {
            listen: at(['nodes', 'listen'], () => parseAddress(nodes.listen ?? '127.0.0.1:7878', 'listen')),
            allow: nodes.allow === undefined ? null : resolve(folder, nodes.allow),
            insecure: nodes.insecure ?? false,
            serial: (nodes.serial ?? []).map((line, i) => at(['nodes', 'serial', String(i)], () => parseSerial(line))),
          },
    http,
    collect: raw.collect ?? ['#'],
    exclude: raw.exclude ?? [],
    decoders: [...(raw.decoders ?? []), ...opcuaDecoders(opcua), ...modbusDecoders(modbus), ...cameraDecoders(cameras)],
    opcua,
    modbus,
    sparkplug: readSparkplugConfig(raw.sparkplug, at),
    sparkplugHost: raw.sparkplugHost ?? null,
    cameras,
    files: raw.files === undefined ? null : { folder: resolve(folder, raw.files.folder) },
    uns: uns === undefined ? null : { prefix: uns.prefix, expirySeconds: uns.expirySeconds ?? DAY_SECONDS },
    store: { ...raw.store, retention: raw.store?.retention ?? {} },
    log: raw.log ?? 'info',
  };
}

const KEY = /^[A-Za-z0-9._~+/=-]{16,512}$/;
/** Of a key that names none. */
const RATE = { messages: 1000, bytes: 8 * 1024 * 1024 };

function keysOf(raw: readonly RawKey[], folder: string, at: At, wrong: Wrong): HttpKey[] {
  const names = new Set<string>();
  const secrets = new Set<string>();
  return raw.map(({ name, key, file, topics, rate }, i) => {
    const keys = ['http', 'keys', String(i)];
    if (names.has(name) || name === 'site') throw wrong([...keys, 'name'], 'is the name of another key');
    names.add(name);
    for (const [j, filter] of topics.entries())
      if (!isTopicFilter(filter)) throw wrong([...keys, 'topics', String(j)], 'is no topic filter');
    if ((key === undefined) === (file === undefined)) throw wrong(keys, 'needs either key or file');
    const secret =
      key ??
      at([...keys, 'file'], () =>
        Buffer.from(readInput(resolve(folder, file!), 'The key'))
          .toString('utf8')
          .trim(),
      );
    if (!KEY.test(secret)) throw wrong(keys, 'needs a key of 16 to 512 letters, digits and . _ ~ + / = -');
    if (secrets.has(secret)) throw wrong(keys, 'has the key of another one');
    secrets.add(secret);
    return { name, key: secret, topics, rate: { ...RATE, ...rate } };
  });
}
