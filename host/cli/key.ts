/** `mote key`: signing keys. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { generateKeyPair, keyId, saveKeyPair } from '../device/package/index.ts';
import { addCommand } from './shared/command.ts';

export function registerKey(program: Command): void {
  const key = program.command('key').description('Signing keys of packages.');
  addCommand<[string?]>(key, {
    usage: 'new [file]',
    description:
      'Makes an Ed25519 key pair: FILE (private, mode 0600) and FILE.pub, which nodes trust. Never overwrites. FILE is release.pem unless given.',
    examples: ['mote key new', 'mote key new keys/line-3.pem --json'],
    async run({ terminal, args: [file = 'release.pem'] }) {
      const path = resolve(file);
      const pair = generateKeyPair();
      saveKeyPair(path, pair);
      const id = Buffer.from(keyId(pair.publicKey)).toString('hex');
      terminal.data({ privateKey: path, publicKey: `${path}.pub`, keyId: id });
      terminal.line(
        `${terminal.paint('green', 'Made')} ${file} (keep it secret) and ${file}.pub (give it to nodes); key id ${id}`,
      );
      return 0;
    },
  });
}
