/** The part `opcua` of a site's configuration, and the mapping files that it names. docs/opcua.md. */
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { MoteError, packagePath, readInput } from '../../base/index.ts';
import { parseAddress } from '../../messaging/gateway/index.ts';
import type { OpcuaVariable } from '../decode/index.ts';
import { parseMappingFile } from './mapping.ts';
import type { At, Wrong } from './place.ts';

export interface OpcuaMapping {
  readonly variables: readonly OpcuaVariable[];
}

/** How a client identifies its user. Paths are absolute. */
export type OpcuaUser =
  | { readonly name: string; readonly password: string }
  | { readonly certificate: string; readonly key: string };

export type OpcuaSecurity = 'sign-and-encrypt' | 'sign' | 'none';

export interface OpcuaClientConfig {
  readonly name: string;
  readonly url: string;
  readonly security: OpcuaSecurity;
  readonly user: OpcuaUser | null;
  readonly variables: readonly OpcuaVariable[];
  /** Milliseconds between two messages of the server, and between two samples of a variable. */
  readonly publishMs: number;
  readonly sampleMs: number;
  /** Values of one variable that the server keeps between two messages. */
  readonly queue: number;
}

/** An operator may command nodes and acknowledge alarms; an observer reads. */
export type OpcuaRole = 'observer' | 'operator';

/** Who may use the server of the site. */
export type OpcuaServerUser = { readonly role: OpcuaRole } & (
  | { readonly name: string; readonly password: string }
  | { readonly certificate: string }
);

export interface OpcuaServerConfig {
  readonly listen: { readonly host: string; readonly port: number };
  /** Other names and addresses of this machine, for its certificate and its endpoints. */
  readonly names: readonly string[];
  /** The weakest one that is served. */
  readonly security: OpcuaSecurity;
  readonly users: readonly OpcuaServerUser[];
  /** Anybody whose application is trusted may read. */
  readonly anonymous: boolean;
}

export interface OpcuaConfig {
  readonly clients: readonly OpcuaClientConfig[];
  /** Null: the site serves no OPC UA. */
  readonly server: OpcuaServerConfig | null;
}

/** What the file may leave out. */
export interface RawOpcua {
  clients?: {
    name: string;
    url: string;
    mapping: string;
    security?: OpcuaSecurity;
    user?: { name: string; password?: string; passwordFile?: string } | { certificate: string; key: string };
    publishMs?: number;
    sampleMs?: number;
    queue?: number;
  }[];
  server?: {
    listen?: string;
    names?: string[];
    security?: OpcuaSecurity;
    users?: ({ role?: OpcuaRole } & (({ name: string } & RawPassword) | { certificate: string }))[];
    anonymous?: boolean;
  };
}

interface RawPassword {
  password?: string;
  passwordFile?: string;
}

/** Completes and checks what the schema can't. `at` adds the place to the errors of `parse`. */
export function readOpcua(raw: RawOpcua | undefined, folder: string, at: At, wrong: Wrong): OpcuaConfig {
  const names = new Set<string>();
  const clients = (raw?.clients ?? []).map((client, i): OpcuaClientConfig => {
    const keys = ['opcua', 'clients', String(i)];
    if (names.has(client.name)) throw wrong([...keys, 'name'], 'is the name of an earlier connection');
    names.add(client.name);
    const { name, url, security = 'sign-and-encrypt', publishMs = 500, queue = 100 } = client;
    const { variables } = at([...keys, 'mapping'], () => loadMapping(resolve(folder, client.mapping)));
    const user = client.user === undefined ? null : at([...keys, 'user'], () => readUser(client.user!, folder));
    return { name, url, security, user, variables, publishMs, sampleMs: client.sampleMs ?? publishMs, queue };
  });
  return { clients, server: raw?.server === undefined ? null : readServer(raw.server, folder, at, wrong) };
}

function readServer(raw: NonNullable<RawOpcua['server']>, folder: string, at: At, wrong: Wrong): OpcuaServerConfig {
  const keys = ['opcua', 'server'];
  const { names = [], security = 'sign-and-encrypt', anonymous = false } = raw;
  const listen = at([...keys, 'listen'], () => parseAddress(raw.listen ?? '127.0.0.1:4840', 'listen'));
  const known = new Set<string>();
  const users = (raw.users ?? []).map((user, i): OpcuaServerUser => {
    const { role = 'observer' } = user;
    if ('certificate' in user) return { certificate: resolve(folder, user.certificate), role };
    if (known.has(user.name)) throw wrong([...keys, 'users', String(i), 'name'], 'is the name of an earlier user');
    known.add(user.name);
    const password = at([...keys, 'users', String(i)], () => passwordOf(user, folder));
    if (password === '') throw wrong([...keys, 'users', String(i)], 'has an empty password');
    return { name: user.name, password, role };
  });
  if (users.length === 0 && !anonymous) throw wrong(keys, 'lets nobody in: it needs users, or anonymous: true');
  return { listen, names, security, users, anonymous };
}

function readUser(user: NonNullable<NonNullable<RawOpcua['clients']>[number]['user']>, folder: string): OpcuaUser {
  if ('certificate' in user) return { certificate: resolve(folder, user.certificate), key: resolve(folder, user.key) };
  return { name: user.name, password: passwordOf(user, folder) };
}

function passwordOf({ password, passwordFile }: RawPassword, folder: string): string {
  if ((password === undefined) === (passwordFile === undefined))
    throw new MoteError('OPCUA_CONFIG', 'A user needs either password or passwordFile');
  if (password !== undefined) return password;
  const bytes = readInput(resolve(folder, passwordFile!), 'The file of the password');
  return Buffer.from(bytes)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

/** The decoder of each connection, whose messages have the topic `opcua/NAME`. */
export function opcuaDecoders({ clients }: OpcuaConfig) {
  return clients
    .filter(({ variables }) => variables.length > 0)
    .map(({ name, variables }) => ({
      // A name of a user's decoder has no space.
      name: `opcua ${name}`,
      topics: [`opcua/${name}`],
      decoder: { kind: 'opcua', version: 1, options: { variables } },
    }));
}

/** Reads a mapping file. Throws `FILE`, and `OPCUA_CONFIG` with the place. */
export function loadMapping(path: string): OpcuaMapping {
  return parseMapping(Buffer.from(readInput(path, 'The mapping')).toString('utf8'), path);
}

/** `path` is for errors. */
export function parseMapping(text: string, path: string): OpcuaMapping {
  const value = parseMappingFile<OpcuaMapping>(text, path, 'opcua-mapping.schema.json', 'OPCUA_CONFIG');
  const seen = new Set<string>();
  for (const { node } of value.variables) {
    if (seen.has(node)) throw new MoteError('OPCUA_CONFIG', `${path}: the node ${node} is mapped twice`);
    seen.add(node);
  }
  return value;
}

/** A mapping as a file, one variable a line. */
export function printMapping({ variables }: OpcuaMapping, comment: string): string {
  const lines = variables.map((variable) =>
    stringify([variable], { collectionStyle: 'flow', lineWidth: 0 })
      .replace(/^\[\s*/, '- ')
      .replace(/\s*\]\n$/, '\n'),
  );
  const schema = packagePath('docs', 'schemas', 'opcua-mapping.schema.json');
  const head = `# ${comment}\n# yaml-language-server: $schema=${schema}\n`;
  return `${head}variables:${lines.length === 0 ? ' []\n' : `\n${lines.map((line) => `  ${line}`).join('')}`}`;
}
