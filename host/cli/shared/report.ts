/** What a node shows, as lines for a person or NDJSON for a program. */
import { decodePlain } from '../../base/cbor/index.ts';
import { decimal, printable } from '../../base/index.ts';
import type { LogRecord, NodeHooks, NodeState, TelemetryRecord } from '../../device/node/index.ts';
import { type Terminal, table, toJson } from './terminal.ts';
import { Trace } from './trace.ts';

/** A module's CBOR, or its hex where it is none. */
function decodeBody(body: Uint8Array): unknown {
  try {
    return decodePlain(body, { bytes: body.length });
  } catch {
    return { hex: Buffer.from(body).toString('hex') };
  }
}

/** An event's body as `--json` prints it. */
export const bodyJson = (body: Uint8Array): string => toJson(decodeBody(body));

/** Seconds, aligned for a column. */
function clockText(t: number): string {
  return `${t.toFixed(3).padStart(9)} s`;
}

const bodyText = (body: unknown): string => {
  if (typeof body !== 'object' || body === null) return toJson(body);
  return Object.entries(body)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : toJson(value)}`)
    .join(' ');
};

function stateText(state: NodeState): string | null {
  switch (state.kind) {
    case 'module':
      return `module ${state.name} ${state.version} ${state.state}`;
    case 'health':
      return `health ${state.health === 1 ? 'ok' : state.health === 0 ? 'not known yet' : `failing (${state.health})`}`;
    case 'ota':
      return `update ${state.status.state}${state.status.reason ? `: ${state.status.reason.text}` : ''}`;
    case 'link':
      return `link ${state.up ? 'up' : `down (${state.why ?? 'closed'})`}`;
    case 'reset':
      return 'module restarts';
    default:
      // A fault is also a line of the node's log.
      return null;
  }
}

export interface SeenTelemetry
  extends Pick<TelemetryRecord, 'name' | 'unit' | 'exponent' | 'values' | 'quality' | 'seq'> {
  /** Seconds. */
  t: number;
  dt: number;
}

/** Prints what a node publishes and counts it. Times are seconds of the clock that `time` formats. */
export class Printer {
  events = 0;
  readonly metrics = new Map<string, Trace>();
  readonly #terminal: Terminal;
  readonly #telemetry: boolean;
  readonly #time: (t: number) => string;

  constructor(
    terminal: Terminal,
    { telemetry, time = clockText }: { telemetry: boolean; time?: (t: number) => string },
  ) {
    this.#terminal = terminal;
    this.#telemetry = telemetry;
    this.#time = time;
  }

  event({ t, name, seq, body }: { t: number; name: string; seq: number; body: unknown }): void {
    this.events++;
    this.#terminal.data({ type: 'event', t, name, seq, body });
    this.#line(t, `${this.#terminal.paint('cyan', printable(name))}  ${printable(bodyText(body))}`);
  }

  telemetry(frame: SeenTelemetry): void {
    const { t, name, unit, exponent, values } = frame;
    const trace = this.metrics.get(name) ?? new Trace(frame);
    for (const value of values) trace.add(value);
    this.metrics.set(name, trace);
    if (!this.#telemetry) return;
    this.#terminal.data({ type: 'telemetry', ...frame });
    const shown = values.map((value) => decimal(value, exponent)).join(' ');
    this.#dim(t, printable(`${name} [${unit}] ${shown}`));
  }

  log({ t, level, text }: { t: number; level: LogRecord['level']; text: string }): void {
    this.#terminal.data({ type: 'log', t, level, text });
    const style = level === 'error' ? 'red' : level === 'warn' ? 'yellow' : 'dim';
    this.#line(t, this.#terminal.paint(style, printable(`${level} ${text}`)));
  }

  /** `text` null: for programs only. */
  state(t: number, kind: string, rest: Record<string, unknown>, text: string | null): void {
    this.#terminal.data({ type: 'state', t, state: kind, ...rest });
    if (text !== null) this.#dim(t, printable(text));
  }

  /** Extremes and a picture of each metric that `shown` takes, for the end of a run. */
  summary(shown: (name: string) => boolean = () => true): string[] {
    const metrics = [...this.metrics.values()].filter(({ name }) => shown(name));
    const rows = metrics.map(({ name, unit, exponent, peaks, least, most }) => {
      const extremes = `${decimal(least, exponent)} .. ${decimal(most, exponent)} ${unit === '1' ? '' : unit}`.trim();
      return [this.#terminal.paint('bold', printable(name)), sparkline(peaks, 40), printable(extremes)];
    });
    return table(rows);
  }

  #line(t: number, text: string): void {
    this.#terminal.line(`${this.#time(t)}  ${text}`);
  }
  #dim(t: number, text: string): void {
    this.#terminal.line(this.#terminal.paint('dim', `${this.#time(t)}  ${text}`));
  }
}

/** A node's hooks that print as things happen. `nowUs` is the node's clock. */
export function printingHooks(
  printer: Printer,
  nowUs: () => number,
): Required<Omit<NodeHooks, 'onTap' | 'onStep' | 'onFault'>> {
  return {
    onEvent: ({ name, body, seq, tUs }) => printer.event({ t: tUs / 1e6, name, seq, body: decodeBody(body) }),
    onTelemetry({ name, unit, exponent, values, t0Us, dtUs, seq, quality }) {
      printer.telemetry({ t: t0Us / 1e6, dt: dtUs / 1e6, name, unit, exponent, values, quality, seq });
    },
    onLog: ({ level, text, tUs }) => printer.log({ t: tUs / 1e6, level, text }),
    onState(state) {
      const { kind, ...rest } = state;
      printer.state(nowUs() / 1e6, kind, rest, stateText(state));
    },
  };
}

/** A row of bars, `width` wide: each the largest of the values under it. */
export function sparkline(values: number[], width: number): string {
  if (values.length === 0) return '';
  const bars = '▁▂▃▄▅▆▇█';
  const cells = Math.min(width, values.length);
  const peaks = Array.from({ length: cells }, (_, i) => {
    const from = Math.floor((i * values.length) / cells);
    const to = Math.max(from + 1, Math.floor(((i + 1) * values.length) / cells));
    return values.slice(from, to).reduce((a, b) => Math.max(a, b));
  });
  const low = peaks.reduce((a, b) => Math.min(a, b));
  const high = peaks.reduce((a, b) => Math.max(a, b));
  return peaks.map((peak) => bars[high === low ? 0 : Math.round(((peak - low) / (high - low)) * 7)]).join('');
}
