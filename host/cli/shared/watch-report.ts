/** What nodes publish on a broker, printed. */
import { formatBytes, type MoteError, printable } from '../../base/index.ts';
import type { OtaStatus } from '../../device/link/index.ts';
import type { NodeObserver } from '../../messaging/monitor/index.ts';
import type { NodeState } from '../../messaging/topics/index.ts';
import type { Printer } from './report.ts';
import type { Terminal } from './terminal.ts';
import type { TrapReport } from './trap-report.ts';

/** A bar of `width` cells. */
export function bar(done: number, total: number, width: number): string {
  const cells = Math.round((Math.min(done, total) / Math.max(total, 1)) * width);
  return '█'.repeat(cells) + '░'.repeat(width - cells);
}

/** The status of an update in one line. */
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
      return `${state === 'refused' ? 'refused' : 'rolled back'}: ${reason ? printable(`${reason.text} [${reason.code}]`) : 'no reason given'}`;
    default:
      return state;
  }
}

/** A node's state in one line. */
function stateLine({ online, boot, birth }: NodeState): string {
  if (!online) return 'offline';
  if (birth === null) return 'online';
  const { firmware, module } = birth;
  const running = module === null ? 'no module' : `${module.name} ${module.version} ${module.state}`;
  return `online: ${running}${module === null ? '' : `, slot ${'AB'[module.slot] ?? module.slot}`}; ${firmware.name} ${firmware.version}, start ${boot}`;
}

/** Times as a printer takes them: seconds for a message's UTC milliseconds, and for now. */
export interface PrintedTimes {
  of(tMs: number): number;
  now(): number;
}

type Handlers = Required<Omit<NodeObserver, 'onMessage'>>;

/** An observer that prints what it receives. */
export function printing(terminal: Terminal, printer: Printer, times: PrintedTimes, traps: TrapReport): Handlers {
  return {
    onState(state) {
      printer.state(times.now(), 'node', { ...state }, stateLine(state));
    },
    onTelemetry({ metric, t0Ms, dtUs, values, exponent, quality, seq }, info) {
      const { name, unit } = info ?? { name: `metric ${metric}`, unit: '?' };
      printer.telemetry({ t: times.of(t0Ms), dt: dtUs / 1e6, name, unit, exponent, values, quality, seq });
    },
    onEvent: ({ name, tMs, seq, body }) => printer.event({ t: times.of(tMs), name, seq, body }),
    onLog({ level, tMs, text, package: running }) {
      printer.log({ t: times.of(tMs), level, text });
      if (level === 'error') traps.text(times.of(tMs), text.split(' ', 1)[0]!, text, running);
    },
    onOta(status) {
      const passing = status.state === 'receiving' && terminal.live;
      if (passing) terminal.progress(otaText(status));
      printer.state(times.now(), 'ota', { status }, passing ? null : `update ${otaText(status)}`);
      if (status.reason) traps.text(times.now(), status.reason.code, status.reason.text, status.sha256);
    },
    onProblem: (error) => reportProblem(terminal, error),
  };
}

/** Prints a problem that an operator should know and that ends nothing. */
export function reportProblem(terminal: Terminal, { code, message }: MoteError): void {
  terminal.data({ type: 'problem', code, message });
  terminal.line(`${terminal.paint('yellow', printable(message))} [${code}]`);
}
