/** A node's messages as lines of text, to show differences and to test for them. */
import type { NodeMessage } from '../../host/device/link/index.ts';
import type { Recording } from './world.ts';

/** `opaque`: metrics whose values differ between nodes. */
function lineOf(message: NodeMessage, opaque: ReadonlySet<number>): string {
  switch (message.type) {
    case 'birth': {
      const { boot, module, metrics, commands } = message;
      const what = module === null ? 'nothing' : `${module.name} ${module.version} ${module.state}`;
      return `birth ${boot} ${what} metrics ${metrics.map(({ name }) => name)} commands ${commands.length}`;
    }
    case 'ota': {
      const { state, sequence, received, total, reason, swapUs, lost } = message;
      const swap = swapUs === undefined ? '' : ` swap ${swapUs} lost ${lost}`;
      return `ota ${state} ${sequence} ${received}/${total}${swap}${reason ? ` ${reason.code} ${reason.text}` : ''}`;
    }
    case 'telemetry':
      return `telemetry ${message.seq} metric ${message.metric} t0 ${message.t0Ms} values ${opaque.has(message.metric) ? '...' : message.values.slice(0, 8)}`;
    case 'event':
      return `event ${message.seq} ${message.name} ${Buffer.from(message.body).toString('hex').slice(0, 80)}`;
    case 'log':
      return `log ${message.level} ${message.text}`;
    case 'result':
      return `result ${message.id} ${message.ok} ${message.reason?.text ?? ''}`;
    default:
      return `time? ${message.sentUs}`;
  }
}

export function traceOf({ messages, taps }: Recording): string[] {
  let opaque = new Set<number>();
  const lines = messages.map((message) => {
    if (message.type === 'birth')
      opaque = new Set(message.metrics.flatMap(({ name }, i) => (name.startsWith('agent.') ? [i] : [])));
    return lineOf(message, opaque);
  });
  return [...lines, ...taps.map(({ us, name, hex }) => `tap ${us} ${name} ${hex}`)];
}

/**
 * Returns the telemetry to which the birth before it gives a wrong name: a probe's first value is four letters of its
 * metric's name, and the node's own values are small numbers.
 */
export function misnamed(messages: NodeMessage[]): string[] {
  const letters = (value: number) =>
    value < 0x4100_0000 ? 'agen' : Buffer.from(Int32Array.of(value).buffer).toString();
  let names: string[] = [];
  return messages.flatMap((message) => {
    if (message.type === 'birth') names = message.metrics.map(({ name }) => name);
    if (message.type !== 'telemetry') return [];
    const { seq, metric, values } = message;
    const [actual, declared] = [letters(values[0]!), names[metric] ?? ''];
    return declared.startsWith(actual) ? [] : [`telemetry ${seq} of ${actual} is declared as '${declared}'`];
  });
}
