/** OPC UA of a site: connections to servers, and a server. docs/opcua.md. */
import { type Clock, MoteError } from '../../../base/index.ts';
import type { OpcuaConfig } from '../../config/index.ts';
import { openIdentity } from './certificates.ts';
import { OpcuaServer, type ServerSeam, type ServerStatus } from './server/index.ts';
import { OpcuaSource, type SourceStatus } from './source.ts';

export { type Browsed, type BrowsedNode, browse, requireVariables } from './browse.ts';
export {
  type Identity,
  type ListedCertificate,
  listCertificates,
  openIdentity,
  rejectCertificate,
  trustCertificate,
} from './certificates.ts';
export { connect } from './connect.ts';
export { OPCUA_PACKAGES, OPCUA_SERVER_PACKAGES } from './library.ts';
export type { ServerStatus } from './server/index.ts';
export type { SourceStatus } from './source.ts';

/** What OPC UA needs of its site. */
export interface OpcuaSeam extends Omit<ServerSeam, 'config'> {
  readonly config: OpcuaConfig;
  readonly clock: Clock;
  /** Resolves when the message is durable. */
  take(topic: string, payload: Uint8Array): Promise<void>;
}

export interface OpcuaStatus {
  readonly connections: readonly SourceStatus[];
  /** Null: the site serves no OPC UA, or not yet. */
  readonly server: ServerStatus | null;
}

export interface OpcuaBridge {
  readonly status: OpcuaStatus;
  close(): Promise<void>;
}

/** Starts what the configuration names. Connections are made in the background, and again while their server is away. */
export async function startOpcua(seam: OpcuaSeam): Promise<OpcuaBridge> {
  const { config, data, clock, onProblem } = seam;
  const sources: OpcuaSource[] = [];
  let server: OpcuaServer | undefined;
  let closed = false;
  const connecting = connectAll();
  async function connectAll(): Promise<void> {
    try {
      // Loading the package and making a key takes seconds, in which the site serves already.
      const identity = await openIdentity(data, namesOf(config));
      if (closed) return;
      const onOnline = (name: string) => seam.log({ connection: name }, `the OPC UA connection ${name} is online`);
      for (const client of config.clients)
        sources.push(new OpcuaSource(client, identity, { data, clock, onProblem, take: seam.take, onOnline }));
      if (config.server === null) return;
      server = await OpcuaServer.start({ ...seam, config: config.server }, identity);
      seam.log({ url: server.status.url }, `OPC UA is served at ${server.status.url}`);
    } catch (error) {
      if (!(error instanceof MoteError)) throw error;
      onProblem(error);
    }
  }
  return {
    get status() {
      return { connections: sources.map(({ status }) => status), server: server?.status ?? null };
    },
    async close() {
      closed = true;
      await connecting;
      await Promise.all(sources.map((source) => source.close()));
      await server?.close();
    },
  };
}

/** Hosts in the certificate besides those of this machine. */
function namesOf({ server }: OpcuaConfig): string[] {
  if (server === null) return [];
  const { host } = server.listen;
  return [...(['0.0.0.0', '::'].includes(host) ? [] : [host]), ...server.names];
}
