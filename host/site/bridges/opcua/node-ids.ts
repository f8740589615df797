/** Node ids with the URI of their namespace, because a server may give it another index at each start (OPC 10000-6, 5.3.1.10). */
import { MoteError } from '../../../base/index.ts';

/** `nsu=URI;s=NAME`; without a URI in the standard namespace. */
export function withUri(nodeId: string, namespaces: readonly string[]): string {
  const found = /^ns=(\d+);(.*)$/s.exec(nodeId);
  if (found === null) return nodeId;
  const index = Number(found[1]);
  const uri = namespaces[index];
  if (index === 0) return found[2]!;
  return uri === undefined ? nodeId : `nsu=${uri.replaceAll('%', '%25').replaceAll(';', '%3B')};${found[2]}`;
}

/** The node id with the index that the server has now; undefined if it doesn't have the namespace. */
export function withIndex(node: string, namespaces: readonly string[]): string | undefined {
  const found = /^nsu=([^;]+);(.*)$/s.exec(node);
  if (found === null) return node;
  const index = namespaces.indexOf(found[1]!.replaceAll('%3B', ';').replaceAll('%25', '%'));
  return index < 0 ? undefined : `ns=${index};${found[2]}`;
}

/** Throws `OPCUA_CONFIG` if the text is no node id with a namespace that the server has. */
export function requireIndex(node: string, namespaces: readonly string[]): string {
  const id = withIndex(node, namespaces);
  if (id !== undefined && /^(ns=\d+;)?[isgb]=./.test(id)) return id;
  throw new MoteError('OPCUA_CONFIG', `${node} is no node id of this server: write nsu=URI;s=NAME or ns=2;i=1.`);
}
