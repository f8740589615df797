/** Requests of an operator to one node, with their answers: `mote send` and `mote config`. */
import { randomBytes } from 'node:crypto';
import { MoteError } from '../../base/index.ts';
import type { Received } from '../mqtt/index.ts';
import { cloudEventProperties, decodeState, JSON_TYPE } from '../topics/index.ts';
import { type CommandAnswer, parseAnswer, parseCommand, parseConfig } from './commands.ts';
import { type NodeAddress, type NodeClient, openNodeClient, retained } from './node-client.ts';
import { whereabouts } from './push.ts';

interface Request {
  channel: 'cmd' | 'cfg';
  value: unknown;
  timeoutMs: number;
}

/** Publishes a request in JSON and resolves with the gateway's answer, or with null if none arrives in time. */
async function ask(client: NodeClient, node: string, request: Request): Promise<CommandAnswer | null> {
  const { channel, value, timeoutMs } = request;
  const id = randomBytes(8).toString('hex');
  const responseTopic = `${client.ns}/answers/${node}/${id}`;
  let answered: (answer: CommandAnswer | null) => void = () => {};
  const answer = new Promise<CommandAnswer | null>((resolve) => {
    answered = resolve;
  });
  await client.listen(responseTopic, (message: Received) => answered(parseAnswer(message)));
  const cancel = client.clock.after(timeoutMs, () => answered(null));
  try {
    const attributes = { id, source: '/mote/request', type: `moteware.${channel}.v1`, timeMs: client.clock.utcMs() };
    await client.mqtt.publish(client.topic(channel), Buffer.from(JSON.stringify(value)), {
      qos: 1,
      retain: channel === 'cfg',
      properties: {
        ...cloudEventProperties(attributes, JSON_TYPE),
        responseTopic,
        // A command that nobody waits for must not run later.
        ...(channel === 'cmd' && { expirySeconds: Math.ceil(timeoutMs / 1000) }),
      },
    });
    return await answer;
  } finally {
    cancel();
  }
}

export interface SendOptions extends NodeAddress {
  name: string;
  /** Anything that JSON can hold; undefined: no body. */
  body?: unknown;
  /** Default 10 s. */
  timeoutMs?: number;
}

/**
 * Sends a command and resolves with the answer of the node, or of the gateway for a node that is away. Rejects with
 * `COMMAND` for one that no gateway accepts, `COMMAND_TIMEOUT` when no answer arrives, and what `openNodeClient` throws.
 */
export async function sendCommand(options: SendOptions): Promise<CommandAnswer> {
  const { node, name, body, timeoutMs = 10_000 } = options;
  parseCommand(received({ name, body }));
  const client = await openNodeClient(options, 'send');
  try {
    let online: boolean | undefined;
    await client.listen(client.topic('s'), (message) => {
      online = decodeState(message.payload).online;
    });
    const answer = await ask(client, node, { channel: 'cmd', value: { name, body }, timeoutMs });
    if (answer !== null) return answer;
    const text = `Node ${node} ${whereabouts(online, 'gave no answer')} within ${timeoutMs / 1000} s; the command is not delivered later.`;
    throw new MoteError('COMMAND_TIMEOUT', text);
  } finally {
    client.close();
  }
}

export interface ConfigureOptions extends NodeAddress {
  /** Settings to set, and with null to remove. */
  change: Record<string, number | null>;
  /** Default 10 s. */
  timeoutMs?: number;
}

export interface Configured {
  /** The whole configuration of the node, as it is now desired. */
  values: Record<string, number>;
  /** The node's gateway has sent it to the node. Otherwise `text` is the reason. */
  delivered: boolean;
  text: string;
}

/**
 * Changes settings in the configuration of a node, and resolves when its gateway has sent it or can't. The broker keeps
 * it for a node that is away. An empty change reads the configuration. Rejects with `COMMAND` for a setting that no node
 * accepts.
 */
export async function configureNode(options: ConfigureOptions): Promise<Configured> {
  const { node, change, timeoutMs = 10_000 } = options;
  const client = await openNodeClient(options, 'config');
  try {
    const [now, state] = await Promise.all([retained(client, 'cfg'), retained(client, 's')]);
    const values = now === null ? {} : parseConfig(now);
    if (Object.keys(change).length === 0) return { values, delivered: true, text: '' };
    for (const [name, value] of Object.entries(change)) {
      if (value === null) delete values[name];
      else values[name] = value;
    }
    parseConfig(received(values));
    const answer = await ask(client, node, { channel: 'cfg', value: values, timeoutMs: waitMs(state, timeoutMs) });
    const online = state === null ? undefined : decodeState(state.payload).online;
    const where = whereabouts(online, 'its gateway gave no answer');
    const text = answer?.text ?? `Node ${node} ${where}; it receives the configuration when it connects.`;
    return { values, delivered: answer?.ok ?? false, text };
  } finally {
    client.close();
  }
}

/** A gateway answers for a node that is offline. It can't where the broker knows no gateway. */
function waitMs(state: Received | null, timeoutMs: number): number {
  if (state === null) return 0;
  // The will has no birth.
  return decodeState(state.payload).birth === null ? 0 : timeoutMs;
}

/** What the gateway receives. Its parser throws `COMMAND` for it before anything is published. */
function received(value: unknown): Received {
  const payload = Buffer.from(JSON.stringify(value));
  return { topic: '', payload, qos: 1, retain: false, dup: false, properties: { contentType: JSON_TYPE } };
}
