/** Who a flashed node is to be, and whether its first module can start on that board. */
import type { KeyObject } from 'node:crypto';
import { MoteError } from '../base/index.ts';
import { ABI_VERSION } from '../device/engine/index.ts';
import { checkModule } from '../device/node/index.ts';
import { checkPackage, keyId, loadPublicKey, openPackage, parsePackage } from '../device/package/index.ts';
import { isNodeId } from '../messaging/topics/index.ts';
import type { Board, NewNode } from '../toolchain/board/index.ts';
import { findPrivateKey, loadApp, packageOf } from './app.ts';
import type { Terminal } from './terminal.ts';

export interface NodeOptions {
  node?: string;
  key?: string;
  trust?: string;
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/**
 * What the agent checks when it boots, before an image is made that would never start. Throws `PKG_KEY` and `PKG_SIGNATURE`, `PKG_ABI`,
 * `PKG_MEMORY`, `NODE_SENSOR`, and what the module's own check throws.
 */
function checkFirst(board: Board, bytes: Uint8Array, publicKeys: readonly KeyObject[], trusted: string): void {
  const signer = hexOf(parsePackage(bytes).keyId);
  const keys = publicKeys.map((key) => hexOf(keyId(key)));
  if (!keys.includes(signer))
    throw new MoteError(
      'PKG_KEY',
      `The package is signed with key ${signer}, and the node would trust ${trusted}, key ${keys.join(', ')}: name the signer's public key with --trust, or sign the package with the key that the node trusts.`,
    );
  const pkg = openPackage(bytes, publicKeys);
  const { name, memoryBytes, sensors } = pkg.metadata;
  const ramBytes = board.memory?.ram.bytes ?? Number.POSITIVE_INFINITY;
  if (memoryBytes > ramBytes)
    throw new MoteError(
      'PKG_MEMORY',
      `'${name}' needs ${memoryBytes} bytes of memory, and ${board.name} has ${ramBytes} bytes of RAM in all: use a smaller model or a larger board.`,
    );
  checkPackage(pkg, { abi: ABI_VERSION, memoryBytes: ramBytes, sequence: 0 });
  checkSensors(board, name, sensors);
  checkModule(pkg);
}

/** An emulated board is given its sensors when it is started; hardware has those of its `board.json`. */
function checkSensors({ name: board, run, sensors }: Board, app: string, wanted: readonly string[]): void {
  if (run !== null) return;
  const has = sensors.map(({ name }) => name);
  const missing = wanted.filter((name) => !has.includes(name));
  if (missing.length === 0) return;
  const quoted = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ');
  throw new MoteError(
    'NODE_SENSOR',
    `'${app}' needs the sensor ${quoted(missing)}, and ${board} has ${has.length > 0 ? quoted(has) : 'none'}: open what the board has, Sensor.open(...) in the app, or take another board ("mote board list").`,
  );
}

/** Who the node is to be. Null: the firmware alone, and the node keeps what it has. Throws what keeps its module from starting. */
export async function newNode(
  board: Board,
  path: string | undefined,
  options: NodeOptions,
  terminal: Terminal,
): Promise<{ node: NewNode; says: string } | null> {
  if (path === undefined && options.node === undefined && options.trust === undefined && options.key === undefined)
    return null;
  const id = options.node ?? board.name;
  if (!isNodeId(id)) throw new MoteError('NODE_ID', `"${id}" is no node id; use 1 to 64 letters, digits, "_" and "-".`);
  const signer = findPrivateKey(options.key, path ?? '.');
  const trusted = options.trust ?? signer?.path;
  if (trusted === undefined)
    throw new MoteError(
      'KEY_MISSING',
      'A node must trust a key to take modules: "mote key new" makes one, --key or --trust names it.',
    );
  const publicKeys: KeyObject[] = [loadPublicKey(trusted)];
  if (path === undefined)
    return { node: { id, publicKeys, first: null }, says: `node ${id} without a module, trusts ${trusted}` };
  const app = await loadApp(path, terminal);
  const bytes = packageOf(app, signer?.key ?? null);
  checkFirst(board, bytes, publicKeys, trusted);
  const { name, version } = app.metadata;
  return {
    node: { id, publicKeys, first: { sequence: app.sequence, bytes } },
    says: `node ${id} with ${name} ${version}, sequence ${app.sequence}, trusts ${trusted}`,
  };
}
