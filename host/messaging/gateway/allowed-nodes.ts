/**
 * The nodes that may connect to a gateway, from a JSON file: an object with the name of each node, and for each an
 * object with `username` and `password` towards the broker. Without a user name it is the node's; without a password
 * the node uses the credentials of the gateway.
 */
import { isObject, MoteError, parseObject } from '../../base/index.ts';
import { isNodeId } from '../topics/index.ts';

export interface Credentials {
  username: string;
  password: string;
}

/** Null: the credentials of the gateway. */
export type AllowedNodes = ReadonlyMap<string, Credentials | null>;

const MAX_BYTES = 4 * 1024 * 1024;

/** Throws `ALLOW_FILE`. `path` is for the error. */
export function parseAllowedNodes(bytes: Uint8Array, path: string): AllowedNodes {
  const wrong = (what: string, cause?: unknown) =>
    new MoteError(
      'ALLOW_FILE',
      `${path} is no list of nodes: ${what}; see "Nodes that may connect" in docs/security.md.`,
      {
        cause,
      },
    );
  if (bytes.length > MAX_BYTES) throw wrong(`it has more than ${MAX_BYTES} bytes`);
  const value = parseObject(bytes, wrong);
  return new Map(
    Object.entries(value).map(([node, entry]) => {
      if (!isNodeId(node)) throw wrong(`${JSON.stringify(node.slice(0, 80))} is not the name of a node`);
      if (!isObject(entry)) throw wrong(`the entry of ${node} is not an object`);
      const { username = node, password, ...more } = entry;
      const [other] = Object.keys(more);
      if (other !== undefined) throw wrong(`${node} has an unknown member ${JSON.stringify(other)}`);
      if (password === undefined && entry.username === undefined) return [node, null];
      if (typeof username !== 'string' || typeof password !== 'string')
        throw wrong(`username and password of ${node} are not both texts`);
      return [node, { username, password }];
    }),
  );
}
