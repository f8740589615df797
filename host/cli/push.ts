/** `mote push`: a new module for a node in the field, followed to its verdict. */
import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { formatBytes, MoteError } from '../base/index.ts';
import { NEVER_SEEN, pushPackage, readNodeState } from '../messaging/gateway/index.ts';
import type { NodeState } from '../messaging/topics/index.ts';
import { packageMaker, raiseSequence } from '../toolchain/app/index.ts';
import { openTracer } from '../toolchain/debug/index.ts';
import { addCommand, integer } from './shared/command.ts';
import { BROKER_OPTIONS, nodeAddress } from './shared/options.ts';
import { showBuild } from './shared/progress.ts';
import { Exit, reportNo, type Terminal } from './shared/terminal.ts';
import { DEBUG_OPTION, TrapReport } from './shared/trap-report.ts';
import { otaText } from './shared/watch-report.ts';

interface PushCommandOptions {
  node: string;
  broker: string;
  ns: string;
  key?: string;
  timeout: string;
  bump?: boolean;
  debug?: string;
}

/** The command did what it can: that the node doesn't answer, or would reject the package, is the answer. */
const NO = ['PUSH_TIMEOUT', 'PKG_SEQUENCE'];

async function push(path: string, options: PushCommandOptions, terminal: Terminal): Promise<number> {
  const timeoutMs = integer(options.timeout, 'timeout', 1, 86_400) * 1000;
  const { node } = options;
  const traps = new TrapReport(terminal, openTracer(path, options.debug));
  const makePackage = packageMaker(path, options.key);
  const address = nodeAddress(options, node);
  const before = await readNodeState(address);
  if (options.bump) await bump(path, node, before, terminal);
  const outcome = await pushPackage({
    ...address,
    async bytes() {
      const { app, bytes } = await makePackage(showBuild(terminal));
      const { name, version } = app.metadata;
      checkSequence(node, before, app.sequence, bytes);
      terminal.line(`${name} ${version}, sequence ${app.sequence}, ${formatBytes(bytes.length)} to ${node}`);
      return bytes;
    },
    timeoutMs,
    onStatus(now) {
      terminal.data(now);
      if (now.state === 'receiving') terminal.progress(otaText(now));
      else terminal.line(otaText(now));
      if (now.reason) traps.text(Date.now() / 1000, now.reason.code, now.reason.text, now.sha256);
    },
  }).catch((error: unknown) => {
    if (error instanceof MoteError && NO.includes(error.code)) return error;
    throw error;
  });
  if (outcome instanceof MoteError) return reportNo(outcome, terminal);
  const { state, status } = outcome;
  const ok = state === 'confirmed';
  terminal.data({ type: 'result', state, ...(status.reason && { reason: status.reason }) });
  terminal.line(
    terminal.paint(ok ? 'green' : 'red', ok ? `${node} runs the new module` : `${node} runs the previous module`),
  );
  return ok ? Exit.ok : Exit.failed;
}

/** Raises the sequence of the app in `folder` above that of the node. Throws `NODE_UNKNOWN`, and what `raiseSequence` throws. */
async function bump(folder: string, node: string, state: NodeState | null, terminal: Terminal): Promise<void> {
  if (!state?.birth) {
    const why = state === null ? NEVER_SEEN : 'is offline, and its gateway has ended';
    const text = `Node ${node} ${why}, so its sequence isn't known: push without --bump, or correct --node, --broker and --ns.`;
    throw new MoteError('NODE_UNKNOWN', text);
  }
  const { from, to } = await raiseSequence(folder, (state.birth.module?.sequence ?? 0) + 1);
  if (to === from) return;
  terminal.data({ type: 'sequence', from, to });
  terminal.line(`mote.json: sequence ${from} -> ${to}`);
}

/**
 * Throws `PKG_SEQUENCE` for a package that the node would reject for its sequence. It must not be published, because it
 * would replace the desired one.
 */
function checkSequence(node: string, state: NodeState | null, sequence: number, bytes: Uint8Array): void {
  const running = state?.birth?.module;
  if (!running || sequence > running.sequence) return;
  if (createHash('sha256').update(bytes).digest().equals(running.sha256)) return;
  const { name, version, sequence: has } = running;
  throw new MoteError(
    'PKG_SEQUENCE',
    `Node ${node} runs ${name} ${version}, sequence ${has}; this package has sequence ${sequence}, and the node accepts only a higher one. Push the folder with --bump, or set "sequence" in mote.json to ${has + 1} or more.`,
  );
}

export function registerPush(program: Command): void {
  addCommand<[string?], PushCommandOptions>(program, {
    usage: 'push [app]',
    description:
      'Makes an app (a folder or a .mote file) the desired module of a node, and follows the update: transfer, swap, trial, confirmed or rolled back. A node that is offline receives it when it connects.',
    failure:
      "The node rejected the module, rolled it back, or gave no verdict in time, or the sequence isn't above its own.",
    options: [
      ['-n, --node <id>', 'id of the node', 'sim'],
      ...BROKER_OPTIONS,
      ['-k, --key <file>', 'private key that signs the package; default: release.pem if it exists'],
      DEBUG_OPTION,
      ['--bump', 'first raise "sequence" in mote.json above that of the node, if it is not above it'],
      ['--timeout <seconds>', 'time limit for the verdict', '120'],
    ],
    examples: [
      'mote push . --node press-7 --bump',
      'mote push build/my-sensor.mote --node press-7 --broker mqtts://user@broker.example:8883 --json',
    ],
    run: ({ terminal, options, args: [path = '.'] }) => push(path, options, terminal),
  });
}
