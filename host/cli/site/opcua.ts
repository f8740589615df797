/** `mote site opcua`: the address spaces of servers, and certificates. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { MoteError, printable, readInput, writeOutput } from '../../base/index.ts';
import {
  type Browsed,
  browse,
  connect,
  type ListedCertificate,
  listCertificates,
  openIdentity,
  rejectCertificate,
  requireVariables,
  trustCertificate,
} from '../../site/bridges/opcua/index.ts';
import type { OpcuaSecurity } from '../../site/config/index.ts';
import { addCommand, choice } from '../shared/command.ts';
import { siteConfig } from '../shared/site-parts.ts';
import type { Terminal } from '../shared/terminal.ts';

const FILE = 'site.yaml';
const CONFIG: [string, string, string] = ['--config <file>', 'configuration of the site', FILE];
const SECURITY: readonly OpcuaSecurity[] = ['sign-and-encrypt', 'sign', 'none'];

interface BrowseOptions {
  config: string;
  security: string;
  user?: string;
  passwordFile?: string;
  from?: string;
  write?: string;
}

function password(file: string | undefined): string {
  if (file === undefined) return process.env.MOTE_OPCUA_PASSWORD ?? '';
  return Buffer.from(readInput(file, 'The file of the password'))
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

/** The folder of the site. */
async function dataOf({ config }: { config: string }): Promise<string> {
  return (await siteConfig()).loadConfig(config).data;
}

async function read(url: string, options: BrowseOptions): Promise<Browsed> {
  if (!/^opc\.tcp:\/\/[^/@\s]+/.test(url))
    throw new MoteError('USAGE', `${url} is no address of an OPC UA server, such as opc.tcp://192.168.0.10:4840.`);
  const security = choice(options.security, 'security', SECURITY);
  const user = options.user === undefined ? null : { name: options.user, password: password(options.passwordFile) };
  const identity = await openIdentity(await dataOf(options));
  const connection = await connect({ url, security, user }, identity);
  try {
    return await browse(connection.session, options.from);
  } finally {
    await connection.close();
    await identity.manager.dispose();
  }
}

function show({ nodes, variables, truncated }: Browsed, terminal: Terminal): void {
  terminal.data({ nodes, variables, truncated });
  for (const { depth, name, node, type, value, unit } of nodes) {
    const what =
      type === undefined ? '' : `  ${[value, unit].filter(Boolean).join(' ')} ${terminal.paint('dim', type)}`;
    terminal.line(`${'  '.repeat(depth)}${printable(name)}${what}  ${terminal.paint('dim', printable(node))}`);
  }
  if (truncated) terminal.line('There is more: name a node with --from.');
}

function line(one: ListedCertificate, terminal: Terminal): string {
  const state = terminal.paint(one.state === 'rejected' ? 'yellow' : 'green', one.state.padEnd(8));
  return `${state} ${one.thumbprint} until ${one.validTo}  ${one.subject}  ${one.uri}`;
}

export function registerOpcua(site: Command): void {
  const opcua = site.command('opcua').description('OPC UA: address spaces of servers, and certificates.');
  addCommand<[string], BrowseOptions>(opcua, {
    usage: 'browse <url>',
    description:
      'Prints objects and variables of a server, with values and units. With --write it makes a mapping of the variables, which site.yaml names; it never overwrites a file.',
    options: [
      CONFIG,
      ['--security <mode>', `${SECURITY.join(', ')} (Basic256Sha256)`, 'sign-and-encrypt'],
      ['--user <name>', 'user of the server; the password is in MOTE_OPCUA_PASSWORD'],
      ['--password-file <file>', 'file with the password'],
      ['--from <node>', 'node id where to begin; the folder Objects by default'],
      ['--write <file>', 'file to write the mapping to'],
    ],
    examples: [
      'mote site opcua browse opc.tcp://192.168.0.10:4840',
      'mote site opcua browse opc.tcp://plc:4840 --user site --password-file plc.secret --write press.yaml',
    ],
    async run({ terminal, options, args: [url] }) {
      const { write } = options;
      if (write !== undefined && existsSync(write))
        throw new MoteError('EXISTS', `${write} exists; change it, or choose another file.`);
      const browsed = await read(url, options);
      if (write === undefined) {
        show(browsed, terminal);
        return 0;
      }
      requireVariables(browsed, url);
      writeOutput(write, Buffer.from((await siteConfig()).printMapping(browsed, `Variables of ${url}`)));
      terminal.data({ mapping: write, variables: browsed.variables.length, truncated: browsed.truncated });
      terminal.line(`${write} has ${browsed.variables.length} variables; delete those that the site doesn't need.`);
      if (browsed.truncated) terminal.line('The server has more: name a node with --from.');
      return 0;
    },
  });
  addCommand<[], { config: string }>(opcua, {
    usage: 'list',
    description: 'Lists the certificates of the site: its own, those it trusts, and those it has rejected.',
    options: [CONFIG],
    examples: ['mote site opcua list', 'mote site opcua list --config plant/site.yaml --json'],
    async run({ terminal, options }) {
      const certificates = listCertificates(await dataOf(options));
      terminal.data({ certificates });
      for (const one of certificates) terminal.line(line(one, terminal));
      if (certificates.length === 0) terminal.line('There are no certificates yet.');
      return 0;
    },
  });
  addCommand<[string], { config: string }>(opcua, {
    usage: 'trust <certificate>',
    description:
      'Trusts a certificate: one that was rejected, by the begin of its thumbprint, or one in a file (PEM or DER). A running site sees it at once.',
    options: [CONFIG],
    examples: ['mote site opcua trust 3f9a02', 'mote site opcua trust plc.der'],
    async run({ terminal, options, args: [which] }) {
      const trusted = trustCertificate(await dataOf(options), which);
      terminal.data({ ...trusted });
      terminal.line(line(trusted, terminal));
      return 0;
    },
  });
  addCommand<[string], { config: string }>(opcua, {
    usage: 'reject <certificate>',
    description:
      'Ends the trust in a certificate, named by the begin of its thumbprint. A running site sees it at the next connection.',
    options: [CONFIG],
    examples: ['mote site opcua reject 3f9a02'],
    async run({ terminal, options, args: [which] }) {
      const rejected = rejectCertificate(await dataOf(options), which);
      terminal.data({ ...rejected });
      terminal.line(line(rejected, terminal));
      return 0;
    },
  });
}
