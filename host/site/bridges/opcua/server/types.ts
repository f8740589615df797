/** Types of the address space, which only `node-opcua-server` names, and what the server needs of its site. */
import type { OPCUAServer } from 'node-opcua-server';
import type { Clock, MoteError } from '../../../../base/index.ts';
import type { CommandAnswer } from '../../../../messaging/gateway/index.ts';
import type { Assets } from '../../../assets/index.ts';
import type { OpcuaServerConfig } from '../../../config/index.ts';
import type { Applied, SiteStore } from '../../../store/index.ts';
import type { Births } from '../../../things/index.ts';
import type { loadServer } from '../library.ts';

export type Library = Awaited<ReturnType<typeof loadServer>>;
export type AddressSpace = NonNullable<OPCUAServer['engine']['addressSpace']>;
export type Namespace = ReturnType<AddressSpace['getOwnNamespace']>;
export type UaObject = ReturnType<Namespace['addObject']>;
export type UaObjectType = ReturnType<Namespace['addObjectType']>;
export type UaVariable = ReturnType<Namespace['addVariable']>;
export type UaMethod = ReturnType<Namespace['addMethod']>;
export type UaContext = Parameters<UaVariable['readValue']>[0];

/** What the server needs of its site. */
export interface ServerSeam {
  readonly config: OpcuaServerConfig;
  /** The folder of the site's data. */
  readonly data: string;
  readonly clock: Clock;
  readonly store: SiteStore;
  readonly assets: Assets;
  readonly births: Births;
  follow(listener: (applied: readonly Applied[]) => void): () => void;
  /** Commands a node and resolves with its answer, as `mote send` does. */
  send(node: string, name: string, body: unknown): Promise<CommandAnswer>;
  onProblem(error: MoteError): void;
  log(fields: object, text: string): void;
}
