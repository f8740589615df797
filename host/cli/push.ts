/** `mote push`: a new module for a node in the field, followed to its verdict. */
import type { Command } from 'commander';
import { formatBytes, MoteError } from '../base/index.ts';
import { pushPackage } from '../messaging/gateway/index.ts';
import { DEFAULT_NAMESPACE } from '../messaging/topics/index.ts';
import { packageMaker } from '../toolchain/app/index.ts';
import { addCommand, integer } from './shared/command.ts';
import { brokerCredentials, DEFAULT_BROKER } from './shared/options.ts';
import { showBuild } from './shared/progress.ts';
import { Exit, reportNo, type Terminal } from './shared/terminal.ts';
import { otaText } from './shared/watch-report.ts';

interface PushCommandOptions {
  node: string;
  broker: string;
  ns: string;
  key?: string;
  timeout: string;
}

async function push(path: string, options: PushCommandOptions, terminal: Terminal): Promise<number> {
  const timeoutMs = integer(options.timeout, 'timeout', 1, 86_400) * 1000;
  const makePackage = packageMaker(path, options.key);
  const outcome = await pushPackage({
    brokerUrl: options.broker,
    ns: options.ns,
    node: options.node,
    async bytes() {
      const { app, bytes } = await makePackage(showBuild(terminal));
      const { name, version } = app.metadata;
      const size = formatBytes(bytes.length);
      terminal.line(`${name} ${version}, sequence ${app.sequence}, ${size} to ${options.node}`);
      return bytes;
    },
    timeoutMs,
    ...brokerCredentials(),
    onStatus(now) {
      terminal.data(now);
      if (now.state === 'receiving') terminal.progress(otaText(now));
      else terminal.line(otaText(now));
    },
  }).catch((error: unknown) => {
    if (error instanceof MoteError && error.code === 'PUSH_TIMEOUT') return error;
    throw error;
  });
  // The command did what it can: that the node doesn't answer is the answer.
  if (outcome instanceof MoteError) return reportNo(outcome, terminal);
  const { state, status } = outcome;
  const ok = state === 'confirmed';
  terminal.data({ type: 'result', state, ...(status.reason && { reason: status.reason }) });
  terminal.line(
    terminal.paint(
      ok ? 'green' : 'red',
      ok ? `${options.node} runs the new module` : `${options.node} runs the previous module`,
    ),
  );
  return ok ? Exit.ok : Exit.failed;
}

export function registerPush(program: Command): void {
  addCommand<[string?], PushCommandOptions>(program, {
    usage: 'push [app]',
    description:
      'Makes an app (a folder or a .mote file) the desired module of a node, and follows the update: transfer, swap, trial, confirmed or rolled back. A node that is offline receives it when it connects.',
    failure: 'The node rejected the module, rolled it back, or gave no verdict in time.',
    options: [
      ['-n, --node <id>', 'id of the node', 'sim'],
      [
        '-b, --broker <url>',
        'address of the broker; user and password in it, or in MOTE_MQTT_USER and MOTE_MQTT_PASSWORD',
        DEFAULT_BROKER,
      ],
      ['--ns <name>', 'first part of every topic', DEFAULT_NAMESPACE],
      ['-k, --key <file>', 'private key that signs the package; default: release.pem if it exists'],
      ['--timeout <seconds>', 'time limit for the verdict', '120'],
    ],
    examples: [
      'mote push . --node press-7',
      'mote push build/my-sensor.mote --node press-7 --broker mqtts://user@broker.example:8883 --json',
    ],
    run: ({ terminal, options, args: [path = '.'] }) => push(path, options, terminal),
  });
}
