/** The shim: links to nodes on one side, MQTT topics on the other. Topics and payloads: docs/spec/mqtt.md. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayConstant } from '../../base/abi/index.ts';
import { Budget, guard, type Lock, MoteError, tryLock } from '../../base/index.ts';
import { type Birth, type NodeMessage, type ShimLink, shimLink, type Transport } from '../../device/link/index.ts';
import { DeadLetters } from '../dead-letters/index.ts';
import type { ClientStats } from '../mqtt/index.ts';
import { DurableLog, importQueues, MemoryOutbox, queueIo } from '../queue/index.ts';
import { checkNodeId, isNodeId } from '../topics/index.ts';
import { NodeBridge } from './bridge.ts';
import { GatewayState } from './gateway-state.ts';
import { NewNames } from './new-names.ts';
import { OnlineNodes } from './online-nodes.ts';
import { type ShimOptions, type ShimSettings, shimSettings } from './shim-options.ts';
import { UnbornLinks } from './unborn-links.ts';

export interface NodeInfo {
  node: string;
  online: boolean;
  birth: Birth | undefined;
  mqtt: ClientStats;
}

export interface ShimStats {
  /** Messages that were not acknowledged because the node had sent no birth that was accepted. */
  beforeBirth: number;
  /** Births rejected: bad name, not allowed, from elsewhere, too many nodes, or another name on a link that has one. */
  refusedBirths: number;
  /** The same by error code. */
  refused: Readonly<Record<string, number>>;
  /** Connections ended because they sent no birth in time, or were too many. */
  withoutBirth: number;
  /** Messages from the broker that could not be handled. */
  deadLetters: number;
  /** Messages that the broker refused for good; `dead-letters` has them. */
  refusedMessages: number;
}

/** One line to a node. A stream on it may end and another begin. */
export interface ShimPort {
  readonly link: ShimLink;
  attach(transport: Transport): void;
  close(): void;
}

interface Port extends ShimPort {
  bridge: NodeBridge | undefined;
  /** Ends with its stream, and is limited while it has no birth. */
  readonly passing: boolean;
  readonly origin: string;
  /** Ends the present stream; a line may get another. */
  hangUp(): void;
}

export class Shim {
  readonly #settings: ShimSettings;
  readonly #bridges = new Map<string, NodeBridge>();
  readonly #ports = new Set<Port>();
  readonly #deadLetters: DeadLetters;
  readonly #run = randomBytes(6).toString('hex');
  readonly #unborn: UnbornLinks<Port>;
  readonly #names: NewNames;
  readonly #refused: Record<string, number> = {};
  /** Refused births and links without one that are reported; the others are only counted. */
  readonly #reports = new Budget({ burst: 50, everyUs: 1e6 });
  readonly #counts = { beforeBirth: 0, refusedBirths: 0, withoutBirth: 0 };
  readonly #lock: Lock | undefined;
  /** Only with JSON. */
  readonly #state: GatewayState | undefined;
  readonly #log: DurableLog | undefined;
  readonly #online: OnlineNodes | undefined;
  #closed = false;

  /**
   * Starts to deliver what an earlier shim left in `queueDir`. Throws `NAMESPACE`, `MQTT_URL`, `QUEUE_IO`, and `QUEUE_BUSY`
   * while another shim has `queueDir`.
   */
  constructor(options: ShimOptions) {
    const settings = shimSettings(options);
    const onNode = (node: string, state: 'online' | 'offline') => {
      this.#keepState(node, state);
      settings.onNode?.(node, state);
    };
    this.#settings = { ...settings, onNode };
    this.#names = new NewNames(this.#settings.maxAddressNodes);
    this.#unborn = new UnbornLinks({
      clock: this.#settings.nodeClock,
      maxLinks: GatewayConstant.unbornLinks,
      timeMs: GatewayConstant.birthMs,
      onOver: (port, why) => this.#drop(port, why),
    });
    const { queueDir, deadLetterDir } = this.#settings;
    if (queueDir !== undefined) this.#lock = takeLock(queueDir);
    try {
      this.#deadLetters = new DeadLetters({
        dir: deadLetterDir,
        maxFiles: GatewayConstant.deadLetters,
        maxBytes: GatewayConstant.deadLetterBytes,
        maxRefused: GatewayConstant.refusedLetters,
        maxRefusedBytes: GatewayConstant.refusedLetterBytes,
      });
      if (this.#settings.json !== undefined) this.#state = new GatewayState(this.#settings);
      this.#log = queueDir === undefined ? undefined : this.#openLog(queueDir);
      this.#online = queueDir === undefined ? undefined : new OnlineNodes(queueDir);
      // Nodes that may not return; the rest of the log may also end with "online" of one.
      const before = new Set([...(this.#online?.names() ?? []), ...(this.#log?.names() ?? [])]);
      for (const node of before) this.#open(node).absent();
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  get stats(): ShimStats {
    const { received, refused } = this.#deadLetters;
    return { ...this.#counts, refused: { ...this.#refused }, deadLetters: received, refusedMessages: refused };
  }

  nodes(): NodeInfo[] {
    return [...this.#bridges.values()].map((bridge) => ({
      node: bridge.node,
      online: bridge.online,
      birth: bridge.birth,
      mqtt: bridge.client.stats,
    }));
  }

  /**
   * Adds a line that outlives its streams, such as a serial port. `origin` is where its node is: the path of a serial
   * port, the address of a host. While the link to a node is up, no other origin can take its name.
   */
  port(origin = ''): ShimPort {
    return this.#port(origin, false);
  }

  #port(origin: string, passing: boolean): Port {
    if (this.#closed) throw new MoteError('SHIM_CLOSED', 'This shim is closed; create a new one.');
    const { nodeClock, newSessionId, link } = this.#settings;
    let stream: Transport | undefined;
    const port: Port = {
      bridge: undefined,
      passing,
      origin,
      link: shimLink({
        ...link,
        clock: nodeClock,
        newSessionId,
        onMessage: (message) => this.#durable(this.#message(port, message)),
        onPeer: () => {
          port.bridge?.linkDown(port.link, true);
          if (port.bridge !== undefined && passing) this.#unborn.add(port);
          port.bridge = undefined;
        },
        onUp: () => port.bridge?.linkUp(),
        onDown: () => port.bridge?.linkDown(port.link, false),
        onDrain: () => port.bridge?.pump(),
      }),
      attach(transport) {
        stream = transport;
        port.link.attach(transport);
      },
      hangUp: () => stream?.close(),
      close: () => {
        this.#ports.delete(port);
        this.#unborn.remove(port);
        port.link.close();
      },
    };
    this.#ports.add(port);
    if (passing) this.#unborn.add(port);
    return port;
  }

  /** Accepts a stream whose line ends with it, such as a socket. */
  accept(transport: Transport, origin = ''): ShimPort {
    const port = this.#port(origin, true);
    port.attach({
      write: (bytes) => transport.write(bytes),
      onData: (listener) => transport.onData(listener),
      onClose: (listener) =>
        transport.onClose(() => {
          listener();
          port.close();
        }),
      close: () => transport.close(),
    });
    return port;
  }

  /** Reports each node as offline, waits at most `timeoutMs` for the broker, and ends. The rest stays in `queueDir`. */
  async close(timeoutMs = 5000): Promise<void> {
    this.#closed = true;
    for (const port of [...this.#ports]) port.close();
    const ends = [...this.#bridges.values(), this.#state].map((end) => end?.close(timeoutMs));
    await Promise.all(ends);
    await this.#log?.close();
    this.#lock?.release();
  }

  /** Ends like a killed process: sends nothing. */
  abort(): void {
    this.#closed = true;
    this.#log?.abort();
    for (const bridge of this.#bridges.values()) bridge.abort();
    this.#state?.abort();
    for (const port of [...this.#ports]) port.close();
    this.#lock?.release();
  }

  /** Resolves when what a handler has put into the log is on the medium, and `accepted` has resolved. */
  #durable(accepted: Promise<void> | undefined): Promise<void> | undefined {
    if (accepted === undefined) return this.#log?.settled();
    return accepted.then(() => this.#log?.settled());
  }

  /** Returns a promise if a message can't be kept yet. What is never kept has a promise that never resolves. */
  #message(port: Port, message: NodeMessage): Promise<void> | undefined {
    if (message.type === 'birth') return this.#born(port, message) ? undefined : new Promise(() => {});
    if (message.type === 'time?') {
      // Best effort: a node asks again, or accepts no message as long as this one.
      guard(
        () => void port.link.send({ type: 'time', sentUs: message.sentUs, utcMs: this.#settings.nodeClock.utcMs() }),
        (error) => this.#settings.onProblem?.(error, port.bridge?.node),
      );
    } else if (port.bridge === undefined) {
      this.#counts.beforeBirth++;
      if (this.#counts.beforeBirth === 1) {
        const text = `A node sent a ${message.type} message before its birth. Messages before a birth are not acknowledged.`;
        this.#settings.onProblem?.(new MoteError('BEFORE_BIRTH', text), undefined);
      }
      return new Promise(() => {});
    } else return port.bridge.message(message);
    return undefined;
  }

  /** Returns false for a birth that is refused. */
  #born(port: Port, birth: Birth): boolean {
    try {
      const bridge = this.#bridgeFor(port, birth.node);
      const others = [...this.#ports].filter((other) => other !== port && other.bridge === bridge);
      const live = others.find(({ origin, link }) => origin !== port.origin && link.up);
      if (live !== undefined) {
        // Later the node may try again: by then the other link is down, if it is dead.
        port.hangUp();
        throw nodeLive(birth.node, live.origin, port.origin);
      }
      // A node that lost its line may connect on a new one before the old one is known to be dead.
      for (const other of others) other.close();
      port.bridge = bridge;
      this.#unborn.remove(port);
      bridge.born(birth, port.link);
      return true;
    } catch (error) {
      if (!(error instanceof MoteError)) throw error;
      this.#counts.refusedBirths++;
      this.#refused[error.code] = (this.#refused[error.code] ?? 0) + 1;
      if (this.#reports.take(this.#settings.clock.nowUs())) this.#settings.onProblem?.(error, undefined);
      return false;
    }
  }

  /** Notes what the broker holds of a node, for the next run. */
  #keepState(node: string, state: 'online' | 'offline'): void {
    const keep = () =>
      guard(
        () => this.#online?.set(node, this.#bridges.get(node)?.online ?? false),
        (error) => this.#settings.onProblem?.(error, node),
      );
    // That it is offline must reach the broker, also if the process ends now.
    if (state === 'online') keep();
    else void (this.#log?.settled() ?? Promise.resolve()).then(keep);
  }

  #drop(port: Port, why: string): void {
    port.close();
    this.#counts.withoutBirth++;
    if (!this.#reports.take(this.#settings.clock.nowUs())) return;
    const text = `A peer at ${port.origin || 'an unknown address'} was disconnected: ${why}; find out what it is.`;
    this.#settings.onProblem?.(new MoteError('NO_BIRTH', text), undefined);
  }

  #bridgeFor(port: Port, node: string): NodeBridge {
    checkNodeId(node);
    if (port.bridge !== undefined && port.bridge.node !== node) {
      throw new MoteError(
        'NODE_CHANGED',
        `Node ${port.bridge.node} sent a birth as ${node} on the same link; it was rejected.`,
      );
    }
    if (!this.#settings.allowNode(node))
      throw new MoteError('NODE_DENIED', `Node ${node} is not allowed here; allow it, or find out what it is.`);
    const { maxNodes } = this.#settings;
    const known = this.#bridges.get(node);
    if (known === undefined && this.#bridges.size >= maxNodes) {
      throw new MoteError('NODES_FULL', `${maxNodes} nodes are connected, which is the maximum; raise maxNodes.`);
    }
    this.#names.take(port, node, known !== undefined);
    return known ?? this.#open(node);
  }

  #open(node: string): NodeBridge {
    const outbox = this.#log?.stream(node) ?? new MemoryOutbox(this.#settings.queueMaxBytes);
    const bridge = new NodeBridge({
      node,
      settings: this.#settings,
      outbox,
      deadLetters: this.#deadLetters,
      run: this.#run,
      gatewayTopic: this.#state?.topic,
    });
    this.#bridges.set(node, bridge);
    return bridge;
  }

  /** Opens the log, and moves into it what an earlier version kept. */
  #openLog(dir: string): DurableLog {
    const { queueMaxBytes, queueTotalBytes, queueSync, clock, onProblem } = this.#settings;
    const log = new DurableLog({
      dir,
      maxBytes: queueTotalBytes,
      maxStreamBytes: queueMaxBytes,
      sync: queueSync,
      clock,
      onProblem: (error) => onProblem?.(error, undefined),
    });
    importQueues(dir, isNodeId, log);
    return log;
  }
}

function nodeLive(node: string, there: string, here: string): MoteError {
  return new MoteError(
    'NODE_LIVE',
    `A peer at ${here || 'another line'} connected as ${node}, whose link from ${there || 'another line'} is up; the peer was disconnected.`,
  );
}

/** Takes one lock for the queues of all nodes. Its file name has a dot, which no node's name has. */
function takeLock(queueDir: string): Lock {
  return queueIo(`The folder ${queueDir} can't be written; check it and its permissions.`, () => {
    mkdirSync(queueDir, { recursive: true });
    const lock = tryLock(join(queueDir, 'shim.lock'));
    if (lock.taken) return lock;
    throw new MoteError('QUEUE_BUSY', `The queues in ${queueDir} are in use: ${lock.holder}. Each shim needs its own.`);
  });
}
