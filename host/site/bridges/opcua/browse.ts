/** Walks the address space of a server, and makes a mapping of its variables. */
import type { ClientSession, ReferenceDescription } from 'node-opcua-client';
import { MoteError, printable } from '../../../base/index.ts';
import type { OpcuaMapping } from '../../config/index.ts';
import { loadClient } from './library.ts';
import { requireIndex, withUri } from './node-ids.ts';
import { ucumOf } from './units.ts';

export interface BrowsedNode {
  readonly node: string;
  readonly depth: number;
  readonly name: string;
  readonly kind: 'object' | 'variable';
  /** Of a variable: name of its data type, as text its value. */
  readonly type?: string;
  readonly value?: string;
  readonly unit?: string;
}

export interface Browsed {
  readonly nodes: readonly BrowsedNode[];
  /** Variables whose values can be points or events. */
  readonly variables: OpcuaMapping['variables'];
  /** Whether there is more than the limit. */
  readonly truncated: boolean;
}

const MAX_NODES = 50_000;
const MAX_DEPTH = 24;
/** Nodes of one request; servers take at least as many. */
const BATCH = 50;
const OBJECTS = 'ns=0;i=85';
/** What the standard defines describes the server itself: its state, its limits, its types. */
const STANDARD = 'ns=0;';
const INTEGERS = new Set(['SByte', 'Byte', 'Int16', 'UInt16', 'Int32', 'UInt32', 'Int64', 'UInt64', 'Enumeration']);
const TEXTS = new Set(['String', 'LocalizedText']);

interface Found extends BrowsedNode {
  readonly id: string;
  readonly path: readonly string[];
}

/** `from`: the node id where to begin; default: the folder `Objects`. Throws `OPCUA_CONFIG`, `OPCUA_CONNECT`. */
export async function browse(session: ClientSession, from?: string): Promise<Browsed> {
  const namespaces = await session.readNamespaceArray();
  const start = from === undefined ? OBJECTS : requireIndex(from, namespaces);
  const { found, truncated } = await walk(session, start, namespaces);
  const details = await variableDetails(session, found);
  const nodes = found.map(({ id, path: _, ...node }) => ({ ...node, ...details.get(id) }));
  return { nodes, truncated, variables: mapped(found, details) };
}

async function walk(session: ClientSession, start: string, namespaces: readonly string[]) {
  const found: Found[] = [];
  const seen = new Set([start]);
  let truncated = false;
  /** Children of a node stand behind it, so that the list reads as a tree. */
  const children = new Map<string, Found[]>();
  let level: { id: string; path: readonly string[] }[] = [{ id: start, path: [] }];
  for (let depth = 0; level.length > 0 && depth < MAX_DEPTH && !truncated; depth++) {
    const next: Found[] = [];
    for (let i = 0; i < level.length && !truncated; i += BATCH) {
      const parents = level.slice(i, i + BATCH);
      const lists = await references(
        session,
        parents.map(({ id }) => id),
      );
      for (const [j, list] of lists.entries()) {
        const { id: parent, path } = parents[j]!;
        for (const reference of list) {
          const id = reference.nodeId.toString();
          if (seen.has(id) || id.startsWith(STANDARD)) continue;
          if (seen.size >= MAX_NODES) {
            truncated = true;
            break;
          }
          seen.add(id);
          const name = reference.browseName.name ?? id;
          const kind = (reference.nodeClass as number) === 2 ? 'variable' : 'object';
          const child: Found = { id, node: withUri(id, namespaces), depth, name, kind, path };
          next.push(child);
          children.set(parent, [...(children.get(parent) ?? []), child]);
        }
      }
    }
    level = next.map(({ id, path, name }) => ({ id, path: [...path, name] }));
  }
  const add = (id: string): void => {
    for (const child of children.get(id) ?? []) {
      found.push(child);
      add(child.id);
    }
  };
  add(start);
  return { found, truncated: truncated || level.length > 0 };
}

/** Objects and variables below each node, by hierarchical references other than properties. */
async function references(session: ClientSession, ids: readonly string[]): Promise<ReferenceDescription[][]> {
  const { BrowseDirection } = await loadClient();
  const descriptions = ids.map((nodeId) => ({
    nodeId,
    browseDirection: BrowseDirection.Forward,
    referenceTypeId: 'i=33',
    includeSubtypes: true,
    nodeClassMask: 3,
    resultMask: 63,
  }));
  const results = await session.browse(descriptions);
  const lists: ReferenceDescription[][] = [];
  for (const result of results) {
    const list = [...(result.references ?? [])];
    let point = result.continuationPoint;
    while (point && point.length > 0 && list.length < MAX_NODES) {
      const more = await session.browseNext(point, false);
      list.push(...(more.references ?? []));
      point = more.continuationPoint;
    }
    // A property (i=46) describes its node; it is no signal of the plant.
    lists.push(list.filter(({ referenceTypeId }) => referenceTypeId.toString() !== 'ns=0;i=46'));
  }
  return lists;
}

interface Details {
  readonly type: string;
  readonly value: string;
  readonly unit?: string;
  readonly scalar: boolean;
}

async function variableDetails(session: ClientSession, found: readonly Found[]): Promise<Map<string, Details>> {
  const { AttributeIds, DataType } = await loadClient();
  const details = new Map<string, Details>();
  const variables = found.filter(({ kind }) => kind === 'variable');
  for (let i = 0; i < variables.length; i += BATCH) {
    const batch = variables.slice(i, i + BATCH);
    const values = await session.read(batch.map(({ id }) => ({ nodeId: id, attributeId: AttributeIds.Value })));
    const units = await unitsOf(
      session,
      batch.map(({ id }) => id),
    );
    for (const [j, { id }] of batch.entries()) {
      const variant = values[j]?.value;
      const type = variant ? (DataType[variant.dataType] ?? 'Null') : 'Null';
      const scalar = variant !== undefined && variant !== null && (variant.arrayType as number) === 0;
      const text = scalar ? printable(String(variant.value?.text ?? variant.value)).slice(0, 80) : '';
      const unit = units[j];
      details.set(id, { type, value: text, scalar, ...(unit !== undefined && unit !== '' && { unit }) });
    }
  }
  return details;
}

/** UCUM codes from the property EngineeringUnits of each node. */
async function unitsOf(session: ClientSession, ids: readonly string[]): Promise<(string | undefined)[]> {
  const { makeBrowsePath, AttributeIds } = await loadClient();
  const results = await session.translateBrowsePath(ids.map((id) => makeBrowsePath(id, '.EngineeringUnits')));
  const targets = results.map(({ targets: list }) => list?.[0]?.targetId.toString());
  const known = targets.filter((id) => id !== undefined);
  if (known.length === 0) return ids.map(() => undefined);
  const values = await session.read(known.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value })));
  const byId = new Map(known.map((id, i) => [id, values[i]?.value?.value]));
  return targets.map((id) => (id === undefined ? undefined : ucumOf(byId.get(id))));
}

/** The device of a variable is the path of the objects that it is in; its name is its own. */
function mapped(found: readonly Found[], details: ReadonlyMap<string, Details>): OpcuaMapping['variables'] {
  const used = new Set<string>();
  return found.flatMap(({ id, node, name, path, kind }): OpcuaMapping['variables'] => {
    const detail = details.get(id);
    if (kind !== 'variable' || detail === undefined || !detail.scalar) return [];
    const { type, unit } = detail;
    const numeric = INTEGERS.has(type)
      ? { exponent: 0 }
      : type === 'Float' || type === 'Double'
        ? { exponent: -6 }
        : null;
    const kindOf =
      type === 'Boolean' ? { type: 'boolean' as const } : TEXTS.has(type) ? { type: 'event' as const } : numeric;
    if (kindOf === null) return [];
    const device = wireName(path.length === 0 ? 'opcua' : path.join('/'));
    let own = wireName(name);
    for (let i = 2; used.has(`${device}\n${own}`); i++) own = `${wireName(name)} ${i}`;
    used.add(`${device}\n${own}`);
    return [{ node, device, name: own, ...(unit !== undefined && { unit }), ...kindOf }];
  });
}

/** A name that a site takes: 1 to 256 characters without control characters. */
function wireName(name: string): string {
  return [...printable(name.normalize('NFC'))].slice(0, 200).join('') || '_';
}

/** Throws if there is nothing to map. */
export function requireVariables({ variables }: Browsed, url: string): void {
  if (variables.length > 0) return;
  throw new MoteError('OPCUA_CONFIG', `${url} has no variables with numbers, switches or texts below that node.`);
}
