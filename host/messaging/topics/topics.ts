/** Topic names: `<ns>/d/<node>/<channel>`, see docs/spec/mqtt.md. A node's id comes from the node, so it is untrusted until checked. */
import { isWireText, MoteError } from '../../base/index.ts';

const UP_CHANNELS = ['t', 'e', 's', 'log', 'ota'] as const;
const DOWN_CHANNELS = ['cmd', 'cfg', 'desired'] as const;
export type Channel = (typeof UP_CHANNELS)[number] | (typeof DOWN_CHANNELS)[number];

export const DEFAULT_NAMESPACE = 'mote';
const LEVEL = /^[A-Za-z0-9_-]{1,64}$/;

/** Returns whether an id has 1 to 64 letters, digits, `_` and `-`. Such an id can't name a topic of another node. */
export function isNodeId(id: string): boolean {
  return LEVEL.test(id);
}

/** Throws `NODE_ID`. */
export function checkNodeId(id: string): void {
  if (isNodeId(id)) return;
  throw new MoteError(
    'NODE_ID',
    `${JSON.stringify(id.slice(0, 80))} isn't a valid node id: use 1 to 64 letters, digits, "_" and "-".`,
  );
}

/** Throws `NAMESPACE` unless `ns` consists of such levels with `/` between them. */
export function checkNamespace(ns: string): void {
  if (ns.length <= 200 && ns.split('/').every((level) => LEVEL.test(level))) return;
  throw new MoteError(
    'NAMESPACE',
    `${JSON.stringify(ns)} is not a namespace; use letters, digits, "_", "-" and "/" between levels.`,
  );
}

export function topicOf(ns: string, node: string, channel: Channel): string {
  return `${ns}/d/${node}/${channel}`;
}

/**
 * Returns whether an answer may be published to `topic`. A node's topics are excluded: the sender of a request may lack
 * the right to them. A broker that passes other characters on may still close the connection that publishes them.
 */
export function isAnswerTopic(ns: string, topic: string): boolean {
  return isWireText(topic) && !topic.startsWith('$') && topic !== `${ns}/d` && !topic.startsWith(`${ns}/d/`);
}
