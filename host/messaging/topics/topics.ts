/** Topic names: `<ns>/d/<node>/<channel>`, see docs/spec/mqtt.md. A node's id comes from the node, so it is hostile until checked. */
import { MoteError } from '../../base/index.ts';

const UP_CHANNELS = ['t', 'e', 's', 'log', 'ota'] as const;
const DOWN_CHANNELS = ['cmd', 'cfg', 'desired'] as const;
export type Channel = (typeof UP_CHANNELS)[number] | (typeof DOWN_CHANNELS)[number];

export const DEFAULT_NAMESPACE = 'mote';
const LEVEL = /^[A-Za-z0-9_-]{1,64}$/;

/** True for 1 to 64 letters, digits, `_` and `-`: a node can't reach another's topics by its name. */
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

/** Throws `NAMESPACE` for what isn't one or more such levels with `/` between. */
export function checkNamespace(ns: string): void {
  if (ns.length <= 200 && ns.split('/').every((level) => LEVEL.test(level))) return;
  throw new MoteError(
    'NAMESPACE',
    `${JSON.stringify(ns)} is no namespace; use letters, digits, "_", "-" and "/" between levels.`,
  );
}

export function topicOf(ns: string, node: string, channel: Channel): string {
  return `${ns}/d/${node}/${channel}`;
}

/** May an answer go there? Not to any node's topics: the shim may write those, who asks it perhaps may not. */
export function isAnswerTopic(ns: string, topic: string): boolean {
  return !topic.startsWith('$') && topic !== `${ns}/d` && !topic.startsWith(`${ns}/d/`);
}
