/** What a node shows, as lines for a person or NDJSON for a program. */
import { Decoder } from 'cbor-x';
import type { EventRecord, NodeHooks, NodeState, TelemetryRecord } from '../node/index.ts';
import { type Terminal, toJson } from './terminal.ts';
import { Trace } from './trace.ts';

const cbor = new Decoder({ mapsAsObjects: true, useRecords: false });

/** A module's CBOR, or its hex where it is none. */
function decodeBody(body: Uint8Array): unknown {
  try {
    return cbor.decode(body);
  } catch {
    return { hex: Buffer.from(body).toString('hex') };
  }
}

/** Microseconds as seconds, aligned for a column. */
function clockText(tUs: number): string {
  return `${(tUs / 1e6).toFixed(3).padStart(9)} s`;
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

export interface Reporter {
  hooks: Pick<NodeHooks, 'onEvent' | 'onTelemetry' | 'onLog' | 'onState'>;
  events: number;
  metrics: Map<string, Trace>;
}

/** Hooks that print as things happen. `nowUs` is the node's clock. */
export function reporter(terminal: Terminal, nowUs: () => number, options: { telemetry: boolean }): Reporter {
  const made: Reporter = {
    events: 0,
    metrics: new Map(),
    hooks: {
      onEvent({ name, body, seq, tUs }: EventRecord) {
        made.events++;
        const value = decodeBody(body);
        terminal.data({ type: 'event', t: tUs / 1e6, name, seq, body: value });
        terminal.line(`${clockText(tUs)}  ${terminal.paint('cyan', name)}  ${bodyText(value)}`);
      },
      onTelemetry(record: TelemetryRecord) {
        const { name, unit, exponent, values, t0Us, dtUs, seq, quality } = record;
        const trace = made.metrics.get(name) ?? new Trace(record);
        for (const value of values) trace.add(value);
        made.metrics.set(name, trace);
        if (!options.telemetry) return;
        terminal.data({ type: 'telemetry', t: t0Us / 1e6, dt: dtUs / 1e6, name, unit, exponent, values, quality, seq });
        const shown = values.map((value) => value * 10 ** exponent).join(' ');
        terminal.line(terminal.paint('dim', `${clockText(t0Us)}  ${name} [${unit}] ${shown}`));
      },
      onLog({ level, text, tUs }) {
        terminal.data({ type: 'log', t: tUs / 1e6, level, text });
        const style = level === 'error' ? 'red' : level === 'warn' ? 'yellow' : 'dim';
        terminal.line(`${clockText(tUs)}  ${terminal.paint(style, `${level} ${text}`)}`);
      },
      onState(state) {
        const { kind, ...rest } = state;
        terminal.data({ type: 'state', t: nowUs() / 1e6, state: kind, ...rest });
        const text = stateText(state);
        if (text !== null) terminal.line(terminal.paint('dim', `${clockText(nowUs())}  ${text}`));
      },
    },
  };
  return made;
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
