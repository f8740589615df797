/** The OPC UA server of a site. docs/opcua.md. */
import type { OPCUAServer } from 'node-opcua-server';
import { MoteError, packageVersion } from '../../../../base/index.ts';
import { type Applied, runOf } from '../../../store/index.ts';
import { type Identity, pruneRejected } from '../certificates.ts';
import { loadServer } from '../library.ts';
import { Access } from './access.ts';
import { Alarms } from './alarms.ts';
import { Commands } from './commands.ts';
import { History } from './history.ts';
import { MAX_DEVICES, PORTION, type Point, Space } from './space.ts';
import type { AddressSpace, Library, ServerSeam } from './types.ts';

export type { ServerSeam } from './types.ts';

export interface ServerStatus {
  readonly url: string;
  readonly sessions: number;
  readonly subscriptions: number;
  /** Connections that were refused, for what certificate or user they have. */
  readonly refused: number;
  readonly devices: number;
  readonly points: number;
  /** Alarms that wait for an acknowledgement. */
  readonly alarms: number;
  readonly commands: number;
  /** Devices, points and alarms for which there is no room. */
  readonly left: number;
}

/** docs/LIMITS.md. */
const LIMITS = {
  connections: 100,
  sessions: 50,
  subscriptions: 200,
  subscriptionsOfASession: 20,
  items: 100_000,
  itemsOfASubscription: 50_000,
  messageBytes: 16 * 1024 * 1024,
  chunks: 256,
  bufferBytes: 64 * 1024,
  operations: 1000,
  text: 64 * 1024,
  array: 10_000,
} as const;
/** Between two looks at the assets. */
const LOOK_MS = 1000;
/** Devices move at times that were set before. */
const ARRANGE_MS = 60_000;
const SHUTDOWN_MS = 100;

export class OpcuaServer {
  readonly #seam: ServerSeam;
  readonly #server: OPCUAServer;
  readonly #library: Library;
  readonly #commands: Commands;
  readonly #history: History;
  #address!: AddressSpace;
  #space!: Space;
  #alarms!: Alarms;
  #url = '';
  #unfollow = () => {};
  #cancelLook = () => {};
  #closed = false;
  /** What the arrangement was made of. */
  #model: unknown;
  #arrangedUs = Number.NEGATIVE_INFINITY;
  #born = true;

  private constructor(seam: ServerSeam, server: OPCUAServer, library: Library) {
    this.#seam = seam;
    this.#server = server;
    this.#library = library;
    this.#commands = new Commands(library, seam);
    this.#history = new History(seam.store, library);
  }

  /** Resolves when the server listens and has the last values. Throws `OPCUA_CONFIG` and `SITE_PORT`. */
  static async start(seam: ServerSeam, identity: Identity): Promise<OpcuaServer> {
    const library = await loadServer();
    const access = new Access(seam.config, library, seam.clock);
    const server = new OpcuaServer(seam, create(seam, identity, access, library), library);
    try {
      await server.#open(access);
      return server;
    } catch (cause) {
      await server.close();
      if (cause instanceof MoteError) throw cause;
      const { host, port } = seam.config.listen;
      const why = /EADDRINUSE/.test(String(cause)) ? 'something else listens there' : (cause as Error).message;
      throw new MoteError('SITE_PORT', `The OPC UA server can't listen on ${host}:${port}: ${why}.`, { cause });
    }
  }

  get status(): ServerStatus {
    const { devices, points, left } = this.#space.size;
    const { unacknowledged, left: without } = this.#alarms.counts;
    return {
      url: this.#url,
      sessions: this.#server.currentSessionCount,
      subscriptions: this.#server.currentSubscriptionCount,
      refused: this.#server.rejectedSessionCount,
      devices,
      points,
      alarms: unacknowledged,
      commands: this.#commands.sent,
      left: left + without,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unfollow();
    this.#cancelLook();
    await this.#server.shutdown(SHUTDOWN_MS).catch(() => {});
    await this.#alarms?.close();
  }

  async #open(access: Access): Promise<void> {
    const server = this.#server;
    await server.initialize();
    const address = server.engine.addressSpace!;
    this.#address = address;
    // Binds the methods of the types of conditions, such as ConditionRefresh.
    address.installAlarmsAndConditionsService();
    this.#space = new Space(address, {
      library: this.#library,
      onPoint: (point) => this.#serveHistory(point),
      onDevice: (_, object) =>
        object.addReference({ referenceType: 'HasEventSource', isForward: false, nodeId: 'i=2253' }),
    });
    this.#alarms = new Alarms(address, {
      store: this.#seam.store,
      deviceOf: (name) => this.#space.device(name),
      nowUs: () => this.#seam.clock.utcMs() * 1000,
      onProblem: this.#seam.onProblem,
    });
    this.#guard(access);
    // What comes from now on waits in the order of the store until the last values are shown.
    let pending: Applied[] | undefined = [];
    this.#unfollow = this.#seam.follow((applied) => {
      if (pending === undefined) this.#see(applied);
      else pending.push(...applied);
    });
    await this.#showLast();
    await this.#alarms.open();
    this.#look();
    await server.start();
    const waited = pending;
    pending = undefined;
    this.#see(waited);
    const { host, port } = this.#seam.config.listen;
    this.#url = `opc.tcp://${host.includes(':') ? `[${host}]` : host}:${port}/site`;
  }

  /** The newest value of each series. */
  async #showLast(): Promise<void> {
    const text = `SELECT device, name, unit, exponent, points.t, value, quality, message FROM points
      JOIN (SELECT series, max(t) AS t FROM points GROUP BY series) last
      ON points.series = last.series AND points.t = last.t
      JOIN series ON series.id = points.series ORDER BY points.t, message`;
    let count = 0;
    for await (const rows of this.#seam.store.telemetry.stream(text))
      for (const row of rows) {
        // The site goes on with its work meanwhile.
        if (++count % 50 === 0) await new Promise<void>(setImmediate);
        if (this.#closed) return;
        this.#space.show(runOf(row));
      }
  }

  #see(applied: readonly Applied[]): void {
    for (const { message, decoded } of applied) {
      if (message.topic.endsWith('/s')) this.#born = true;
      for (const run of decoded?.runs ?? []) this.#space.show(run);
      for (const event of decoded?.events ?? []) this.#alarms.see(event);
    }
  }

  /** Takes changes of assets, placements and births, again and again. */
  #look(): void {
    const { assets, births, clock } = this.#seam;
    const nowUs = clock.utcMs() * 1000;
    const fresh = this.#born ? births.nodes.filter((node) => !this.#space.takesCommands(node)) : [];
    for (const node of fresh.slice(0, PORTION))
      this.#space.addCommands(node, (object) => this.#commands.add(this.#address, node, object));
    let isDone = true;
    if (this.#born || this.#model !== assets.model || nowUs - this.#arrangedUs >= ARRANGE_MS * 1000) {
      this.#model = assets.model;
      this.#arrangedUs = nowUs;
      isDone = this.#space.arrange({
        assets: assets.model.assets,
        assetOf: (device) => assets.assetOf(device, nowUs),
      });
    }
    // What is beyond a portion comes at the next look, as long as there is room for it.
    this.#born = !isDone || (fresh.length > PORTION && this.#space.size.devices < MAX_DEVICES);
    pruneRejected(this.#seam.data);
    if (!this.#closed) this.#cancelLook = clock.after(LOOK_MS, () => this.#look());
  }

  #serveHistory({ device, name, variable }: Point): void {
    const space = this.#space;
    const history = this.#history;
    const read: typeof variable.historyRead = async (_context, details, _range, _encoding, continuation) => {
      const unit = space.unitOf(device, name);
      return history.read({ device, name, unit }, details, continuation as Parameters<History['read']>[2]);
    };
    variable.historyRead = read;
  }

  /** Refuses methods and writes before node-opcua looks at them. */
  #guard(access: Access): void {
    const { CallMethodResult, StatusCodes } = this.#library;
    const { engine } = this.#server;
    const own = [this.#address.getOwnNamespace().index];
    // Nothing here is to be written, and of the standard nodes some could be.
    engine.write = async (_context, nodes) => nodes.map(() => StatusCodes.BadUserAccessDenied);
    const call = engine.call.bind(engine);
    engine.call = async (context, methods) => {
      const isAllowed = methods.map(({ methodId: method }) => access.mayCall(context, { method, own }));
      const results = await call(
        context,
        methods.filter((_, i) => isAllowed[i]),
      );
      return isAllowed.map((allowed) =>
        allowed ? results.shift()! : new CallMethodResult({ statusCode: StatusCodes.BadUserAccessDenied }),
      );
    };
  }
}

function create({ config }: ServerSeam, identity: Identity, access: Access, library: Library): OPCUAServer {
  const { MessageSecurityMode, SecurityPolicy, RegisterServerMethod, OPCUAServer, coerceNodeId, WellKnownRoles } =
    library;
  const { listen, names, security, anonymous } = config;
  const { None, Sign, SignAndEncrypt } = MessageSecurityMode;
  const modes = {
    'sign-and-encrypt': [SignAndEncrypt],
    sign: [SignAndEncrypt, Sign],
    none: [SignAndEncrypt, Sign, None],
  };
  const secured = [SecurityPolicy.Basic256Sha256];
  const isAny = ['0.0.0.0', '::'].includes(listen.host);
  return new OPCUAServer({
    port: listen.port,
    host: listen.host,
    ...(!isAny && { hostname: listen.host }),
    alternateHostname: [...names],
    resourcePath: '/site',
    serverInfo: {
      applicationUri: identity.applicationUri,
      productUri: 'urn:moteware:site',
      applicationName: { text: 'moteware site' },
    },
    buildInfo: { productName: 'moteware site', manufacturerName: 'moteware', softwareVersion: packageVersion() },
    certificateFile: identity.certificateFile,
    privateKeyFile: identity.privateKeyFile,
    serverCertificateManager: identity.manager,
    userCertificateManager: access.userCertificates(),
    securityPolicies: security === 'none' ? [...secured, SecurityPolicy.None] : secured,
    securityModes: modes[security],
    allowAnonymous: anonymous,
    userManager: {
      isValidUserAsync: (name, password, done) => void access.isUser(name, password).then((is) => done(null, is)),
      getUserRoles: () => [coerceNodeId(`i=${WellKnownRoles.Observer}`)],
    },
    registerServerMethod: RegisterServerMethod.HIDDEN,
    maxConnectionsPerEndpoint: LIMITS.connections,
    transportSettings: {
      adjustTransportLimits: (hello) => ({
        receiveBufferSize: Math.min(hello.receiveBufferSize || LIMITS.bufferBytes, LIMITS.bufferBytes),
        sendBufferSize: Math.min(hello.sendBufferSize || LIMITS.bufferBytes, LIMITS.bufferBytes),
        maxMessageSize: Math.min(hello.maxMessageSize || LIMITS.messageBytes, LIMITS.messageBytes),
        maxChunkCount: Math.min(hello.maxChunkCount || LIMITS.chunks, LIMITS.chunks),
      }),
    },
    serverCapabilities: {
      maxSessions: LIMITS.sessions,
      maxSubscriptions: LIMITS.subscriptions,
      maxSubscriptionsPerSession: LIMITS.subscriptionsOfASession,
      maxMonitoredItems: LIMITS.items,
      maxMonitoredItemsPerSubscription: LIMITS.itemsOfASubscription,
      maxStringLength: LIMITS.text,
      maxByteStringLength: LIMITS.text,
      maxArrayLength: LIMITS.array,
      minSupportedSampleRate: 0,
      operationLimits: {
        maxNodesPerRead: LIMITS.operations,
        maxNodesPerBrowse: LIMITS.operations,
        maxNodesPerWrite: LIMITS.operations,
        maxNodesPerMethodCall: 16,
        maxNodesPerRegisterNodes: LIMITS.operations,
        maxMonitoredItemsPerCall: LIMITS.operations,
        maxNodesPerHistoryReadData: 100,
        maxNodesPerTranslateBrowsePathsToNodeIds: LIMITS.operations,
      },
    },
  });
}
