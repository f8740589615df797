/** `mote push`: a new module for a node in the field, followed to its verdict. */
import type { Command } from 'commander';
import type { OtaStatus } from '../device/link/index.ts';
import { pushPackage } from '../messaging/gateway/index.ts';
import { DEFAULT_NAMESPACE } from '../messaging/topics/index.ts';
import { findPrivateKey, loadApp, packageOf } from './app.ts';
import { addCommand, integer } from './command.ts';
import { DEFAULT_BROKER } from './shim.ts';
import { Exit, formatBytes, type Terminal } from './terminal.ts';

interface PushCommandOptions {
  node: string;
  broker: string;
  ns: string;
  key?: string;
  timeout: string;
}

/** A bar of `width` cells. */
export function bar(done: number, total: number, width: number): string {
  const cells = Math.round((Math.min(done, total) / Math.max(total, 1)) * width);
  return '█'.repeat(cells) + '░'.repeat(width - cells);
}

export function otaText(status: OtaStatus): string {
  const { state, received, total, swapUs, lost, reason } = status;
  switch (state) {
    case 'receiving':
      return `receiving ${bar(received, total, 24)} ${formatBytes(received)} of ${formatBytes(total)}`;
    case 'trial':
      return swapUs === undefined
        ? 'on trial'
        : `on trial: swapped in ${(swapUs / 1000).toFixed(2)} ms, ${lost ?? 0} samples lost`;
    case 'rolledback':
    case 'refused':
      return `${state === 'refused' ? 'refused' : 'rolled back'}: ${reason ? `${reason.text} [${reason.code}]` : 'no reason given'}`;
    default:
      return state;
  }
}

async function push(path: string, options: PushCommandOptions, terminal: Terminal): Promise<number> {
  const timeoutMs = integer(options.timeout, 'timeout', 1, 86_400) * 1000;
  const signer = findPrivateKey(options.key, path);
  const app = await loadApp(path, terminal);
  const bytes = packageOf(app, signer?.key ?? null);
  terminal.line(
    `${app.metadata.name} ${app.metadata.version}, sequence ${app.sequence}, ${formatBytes(bytes.length)} to ${options.node}`,
  );
  const { state, status } = await pushPackage({
    brokerUrl: options.broker,
    ns: options.ns,
    node: options.node,
    bytes,
    timeoutMs,
    ...(process.env.MOTE_MQTT_USER !== undefined && { username: process.env.MOTE_MQTT_USER }),
    ...(process.env.MOTE_MQTT_PASSWORD !== undefined && { password: process.env.MOTE_MQTT_PASSWORD }),
    onStatus(now) {
      terminal.data(now);
      if (now.state === 'receiving') terminal.progress(otaText(now));
      else terminal.line(otaText(now));
    },
  });
  const ok = state === 'confirmed';
  terminal.data({ type: 'result', state, ...(status.reason && { reason: status.reason }) });
  terminal.line(
    terminal.paint(ok ? 'green' : 'red', ok ? `${options.node} runs it` : `${options.node} runs what it ran before`),
  );
  return ok ? Exit.ok : Exit.failed;
}

export function registerPush(program: Command): void {
  addCommand<[string?], PushCommandOptions>(program, {
    usage: 'push [app]',
    says: "Makes an app (folder or .mote) a node's desired module and follows it: transfer, swap, trial, confirmed or rolled back. A node that is offline gets it when it connects.",
    failure: 'The node rejected the module, or rolled it back.',
    options: [
      ['-n, --node <id>', 'which node', 'sim'],
      [
        '-b, --broker <url>',
        'the broker; user and password in it or in MOTE_MQTT_USER and MOTE_MQTT_PASSWORD',
        DEFAULT_BROKER,
      ],
      ['--ns <name>', 'first part of all topics', DEFAULT_NAMESPACE],
      ['-k, --key <file>', 'private key that signs; default: release.pem where there is one'],
      ['--timeout <seconds>', 'how long to follow it', '120'],
    ],
    examples: [
      'mote push . --node press-7',
      'mote push build/my-sensor.mote --node press-7 --broker mqtts://user@broker.example:8883 --json',
    ],
    run: ({ terminal, options, args: [path = '.'] }) => push(path, options, terminal),
  });
}
