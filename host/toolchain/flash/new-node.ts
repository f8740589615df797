/** Identity, key and first module of a node that is flashed, and whether that module can start on its board. */
import type { KeyObject } from 'node:crypto';
import { type ErrorCode, MoteError } from '../../base/index.ts';
import { ABI_VERSION } from '../../device/engine/index.ts';
import { checkModule } from '../../device/node/index.ts';
import { checkPackage, keyId, loadPublicKey, openPackage, parsePackage } from '../../device/package/index.ts';
import { isNodeId } from '../../messaging/topics/index.ts';
import { type BuildObserver, findPrivateKey, loadApp, packageOf } from '../app/index.ts';
import type { Board, NewNode } from '../board/index.ts';

export interface NodeOptions {
  /** An app's folder, or a package. */
  app?: string | undefined;
  /** The node's id; default: the board's name. */
  node?: string | undefined;
  /** Private key that signs the app, and public key that the node trusts in its place. */
  keyFile?: string | undefined;
  trustFile?: string | undefined;
  /** Product class and group of the node; default: those of the app. */
  product?: string | undefined;
  group?: string | undefined;
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/**
 * Checks what the agent checks when it boots, so that no image is made that would never start. Throws `PKG_KEY` and `PKG_SIGNATURE`,
 * `PKG_TARGET`, `PKG_ABI`, `PKG_MEMORY`, `NODE_SENSOR`, and what the module's own check throws.
 */
function checkFirst(board: Board, bytes: Uint8Array, node: NewNode & { id: string }, trusted: string): void {
  const { id, publicKeys, product = '', group = '' } = node;
  const signer = hexOf(parsePackage(bytes).keyId);
  const keys = publicKeys.map((key) => hexOf(keyId(key)));
  if (!keys.includes(signer))
    throw new MoteError(
      'PKG_KEY',
      `The package is signed with key ${signer}, but the node would trust ${trusted}, key ${keys.join(', ')}: name the public key of the signer with --trust, or sign the package with the trusted key.`,
    );
  const pkg = openPackage(bytes, publicKeys);
  const { name, memoryBytes, sensors } = pkg.metadata;
  const ramBytes = board.memory?.ram.bytes ?? Number.POSITIVE_INFINITY;
  if (memoryBytes > ramBytes)
    throw new MoteError(
      'PKG_MEMORY',
      `'${name}' needs ${memoryBytes} bytes of memory, and ${board.name} has ${ramBytes} bytes of RAM: use a smaller model or a larger board.`,
    );
  checkPackage(pkg, {
    abi: ABI_VERSION,
    memoryBytes: ramBytes,
    // The first package is written with the firmware, so no step is too large.
    sequence: pkg.sequence - 1,
    product,
    node: id,
    group,
  });
  checkSensors(board, name, sensors);
  checkModule(pkg);
}

/** An emulated board gets its sensors when it is started; hardware has those of its `board.json`. */
function checkSensors({ name: board, run, sensors }: Board, app: string, wanted: readonly string[]): void {
  if (run !== null) return;
  const has = sensors.map(({ name }) => name);
  const missing = wanted.filter((name) => !has.includes(name));
  if (missing.length === 0) return;
  const quoted = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ');
  throw new MoteError(
    'NODE_SENSOR',
    `'${app}' needs the sensor ${quoted(missing)}, and ${board} has ${has.length > 0 ? quoted(has) : 'none'}: open a sensor of the board with Sensor.open(...) in the app, or choose another board ("mote board list").`,
  );
}

/** A new node as a flash image holds it, with where its parts come from. */
export interface NodePlan {
  node: NewNode & { id: string };
  /** Path of the key that it trusts. */
  trusted: string;
  /** Its first module; null: the first one comes over its link. */
  app: { name: string; version: string; sequence: number } | null;
}

/** True if an option describes the node, and not only its firmware. */
export function asksForNode({ app, node, keyFile, trustFile, product, group }: NodeOptions): boolean {
  return [app, node, keyFile, trustFile, product, group].some((option) => option !== undefined);
}

function checkName(code: ErrorCode, what: string, name: string | undefined): void {
  if (name === undefined || isNodeId(name)) return;
  throw new MoteError(code, `"${name}" isn't a valid ${what}: use 1 to 64 letters, digits, "_" and "-".`);
}

/**
 * Identity, key and first module of the node. Null when no option asks for a node: the image then holds the firmware alone, and the node
 * keeps its own. Throws what would keep the module from starting.
 */
export async function planNode(board: Board, options: NodeOptions, observer: BuildObserver): Promise<NodePlan | null> {
  if (!asksForNode(options)) return null;
  const { app: path, node: id = board.name, keyFile, trustFile } = options;
  checkName('NODE_ID', 'node id', id);
  checkName('USAGE', 'product class', options.product);
  checkName('USAGE', 'group', options.group);
  const signer = findPrivateKey(keyFile, path ?? '.');
  const trusted = trustFile ?? signer?.path;
  if (trusted === undefined)
    throw new MoteError(
      'KEY_MISSING',
      'A node must trust a key to accept modules: create one with "mote key new", and name it with --key or --trust.',
    );
  const publicKeys: KeyObject[] = [loadPublicKey(trusted)];
  const { product = '', group = '' } = options;
  if (path === undefined) return { node: { id, publicKeys, product, group, first: null }, trusted, app: null };
  const app = await loadApp(path, observer);
  const { sequence, metadata } = app;
  const bytes = packageOf(app, signer?.key ?? null);
  const node = {
    id,
    publicKeys,
    product: options.product ?? metadata.product,
    group: options.group ?? metadata.group,
    first: { sequence, bytes },
  };
  checkFirst(board, bytes, node, trusted);
  return { node, trusted, app: { name: metadata.name, version: metadata.version, sequence } };
}
