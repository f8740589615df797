/** `mote key`: signing keys. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { generateKeyPair, keyId, saveKeyPair } from '../device/package/index.ts';
import { addCommand } from './shared/command.ts';

export function registerKey(program: Command): void {
  const key = program.command('key').description('Creates the keys that sign packages.');
  addCommand<[string?]>(key, {
    usage: 'new [file]',
    description:
      'Creates an Ed25519 key pair: FILE (private, mode 0600) and FILE.pub, which nodes trust. Never overwrites a file. FILE is release.pem by default.',
    examples: ['mote key new', 'mote key new keys/line-3.pem --json'],
    async run({ terminal, args: [file = 'release.pem'] }) {
      const path = resolve(file);
      const pair = generateKeyPair();
      saveKeyPair(path, pair);
      const id = Buffer.from(keyId(pair.publicKey)).toString('hex');
      terminal.data({ privateKey: path, publicKey: `${path}.pub`, keyId: id });
      terminal.line(
        `${terminal.paint('green', 'Created')} ${file} (keep it secret) and ${file}.pub (nodes trust it); key id ${id}`,
      );
      return 0;
    },
  });
}
