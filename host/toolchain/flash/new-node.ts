/** Identity, key and first module of a node that is flashed, and whether that module can start on its board. */
import type { KeyObject } from 'node:crypto';
import { MoteError } from '../../base/index.ts';
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
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/**
 * Checks what the agent checks when it boots, so that no image is made that would never start. Throws `PKG_KEY` and `PKG_SIGNATURE`,
 * `PKG_ABI`, `PKG_MEMORY`, `NODE_SENSOR`, and what the module's own check throws.
 */
function checkFirst(board: Board, bytes: Uint8Array, publicKeys: readonly KeyObject[], trusted: string): void {
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
  checkPackage(pkg, { abi: ABI_VERSION, memoryBytes: ramBytes, sequence: 0 });
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

/**
 * Identity, key and first module of the node. Null when no option asks for a node: the image then holds the firmware alone, and the node
 * keeps its own. Throws what would keep the module from starting.
 */
export async function planNode(
  board: Board,
  { app: path, node, keyFile, trustFile }: NodeOptions,
  observer: BuildObserver,
): Promise<NodePlan | null> {
  if ([path, node, keyFile, trustFile].every((option) => option === undefined)) return null;
  const id = node ?? board.name;
  if (!isNodeId(id))
    throw new MoteError('NODE_ID', `"${id}" isn't a valid node id: use 1 to 64 letters, digits, "_" and "-".`);
  const signer = findPrivateKey(keyFile, path ?? '.');
  const trusted = trustFile ?? signer?.path;
  if (trusted === undefined)
    throw new MoteError(
      'KEY_MISSING',
      'A node must trust a key to accept modules: create one with "mote key new", and name it with --key or --trust.',
    );
  const publicKeys: KeyObject[] = [loadPublicKey(trusted)];
  if (path === undefined) return { node: { id, publicKeys, first: null }, trusted, app: null };
  const app = await loadApp(path, observer);
  const { sequence } = app;
  const bytes = packageOf(app, signer?.key ?? null);
  checkFirst(board, bytes, publicKeys, trusted);
  const { name, version } = app.metadata;
  return { node: { id, publicKeys, first: { sequence, bytes } }, trusted, app: { name, version, sequence } };
}
