/** `mote package`: what is inside a `.mote`, and whether it may be trusted. */
import type { Command } from 'commander';
import { formatBytes, MoteError, readInput } from '../base/index.ts';
import { validateModule } from '../device/engine/index.ts';
import {
  checkTarget,
  loadPublicKey,
  type Metadata,
  openPackage,
  type Package,
  parsePackage,
  type Target,
} from '../device/package/index.ts';
import { addCommand } from './shared/command.ts';
import { reportNo, type Terminal, table } from './shared/terminal.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function packageData(bytes: Uint8Array, pkg: Package): Record<string, unknown> {
  const { metadata } = pkg;
  return {
    sequence: pkg.sequence,
    sha256: hex(pkg.sha256),
    keyId: hex(pkg.keyId),
    bytes: bytes.length,
    wasmBytes: pkg.wasm.length,
    romBytes: pkg.rom.length,
    envelopeBytes: bytes.length - pkg.wasm.length - pkg.rom.length,
    metadata,
  };
}

function target({ node, group }: Metadata): string {
  const parts = [node && `node ${node}`, group && `group ${group}`].filter((part) => part !== '');
  return parts.join(', ') || 'all nodes';
}

function show(terminal: Terminal, bytes: Uint8Array, pkg: Package): void {
  const { metadata } = pkg;
  const rows = [
    ['name', `${metadata.name} ${metadata.version}`],
    ['sequence', String(pkg.sequence)],
    ['sha256', hex(pkg.sha256)],
    ['signed by', hex(pkg.keyId)],
    ['ABI', `${metadata.abi >>> 16}.${metadata.abi & 0xffff}`],
    ['memory', formatBytes(metadata.memoryBytes)],
    ['fuel a call', String(metadata.fuel)],
    ['trial', `${metadata.trialMs} ms`],
    ['product', metadata.product || 'none'],
    ['for', target(metadata)],
    ['largest step', String(metadata.maxStep)],
    ['sensors', metadata.sensors.join(', ') || 'none'],
    ['metrics', metadata.metrics.map((m) => `${m.name} [${m.unit} x 10^${m.exponent}]`).join(', ') || 'none'],
    ['commands', metadata.commands.join(', ') || 'none'],
    ['models', metadata.models.map((m) => `${m.name} ${hex(m.sha256).slice(0, 12)}`).join(', ') || 'none'],
    ['size', `${formatBytes(bytes.length)}: wasm ${formatBytes(pkg.wasm.length)}, rom ${formatBytes(pkg.rom.length)}`],
  ];
  for (const line of table(rows.map(([name = '', value = '']) => [terminal.paint('dim', name), value])))
    terminal.line(line);
}

export function registerPackage(program: Command): void {
  const group = program
    .command('package')
    .description('Inspects and verifies packages (.mote): signed module, rom and metadata.');
  addCommand<[string]>(group, {
    usage: 'inspect <file>',
    description: 'Prints the contents of a package. Does not check the signature; use verify for that.',
    examples: ['mote package inspect build/my-sensor.mote', 'mote package inspect build/my-sensor.mote --json'],
    async run({ terminal, args: [file] }) {
      const bytes = readInput(file, 'The package');
      const pkg = parsePackage(bytes);
      terminal.data(packageData(bytes, pkg));
      show(terminal, bytes, pkg);
      return 0;
    },
  });
  addCommand<[string], Target & { key: string }>(group, {
    usage: 'verify <file>',
    description: 'Checks signature, digests, encoding and the module itself, as a node that trusts the key does.',
    failure: 'A node that trusts the key rejects the package.',
    options: [
      ['-k, --key <file>', 'public key of the signer', 'release.pem.pub'],
      ['--product <class>', 'also check that a node of this product class accepts it; "" for a node of none'],
      ['-n, --node <id>', 'also check that the node of this name accepts it'],
      ['--group <name>', 'also check that a node of this group accepts it; "" for a node of none'],
    ],
    examples: [
      'mote package verify build/my-sensor.mote --key release.pem.pub',
      'mote package verify build/my-sensor.mote --product pump --node pump-7 --group hall-2',
    ],
    async run({ terminal, options, args: [file] }) {
      const bytes = readInput(file, 'The package');
      const key = loadPublicKey(options.key);
      let pkg: Package;
      try {
        pkg = openPackage(bytes, [key]);
        validateModule(pkg.wasm);
        checkTarget(pkg.metadata, options);
      } catch (error) {
        if (error instanceof MoteError) return reportNo(error, terminal);
        throw error;
      }
      terminal.data({ ok: true, ...packageData(bytes, pkg) });
      show(terminal, bytes, pkg);
      terminal.line(`${terminal.paint('green', 'verified')}: signed by ${options.key}, covers every byte`);
      return 0;
    },
  });
}
