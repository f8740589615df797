/** The demo as it happens: its picture drawn again and again on a terminal, lines or NDJSON elsewhere. */
import type { OtaStatus } from '../device/link/index.ts';
import { repeat, type SensorSource } from '../device/node/index.ts';
import { type DemoFacts, demoScreen } from './demo-screen.ts';
import { otaText } from './push.ts';
import { Exit, type Terminal } from './terminal.ts';

/** Each gives the cursor back first. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Peaks of each 60 ms of the last four seconds. */
export function soundAt(wav: SensorSource, seconds: number): number[] {
  const cell = new Int16Array(960);
  const looped = repeat(wav);
  const end = Math.floor((seconds * 16_000) / cell.length);
  return Array.from({ length: 66 }, (_, i) => {
    const index = end - 66 + i;
    if (index < 0) return 0;
    looped.read(index * cell.length, cell);
    return cell.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
  });
}

/** The live screen on a terminal; lines, or NDJSON, elsewhere. */
export function openScreen(terminal: Terminal, facts: DemoFacts, onLeave: () => Promise<void>) {
  let lines = 0;
  const at = () => `${facts.seconds.toFixed(1).padStart(5)} s  `;
  const say = (list: string[], text: string, data: Record<string, unknown>) => {
    list.push(`${at()}${text}`);
    terminal.data({ t: facts.seconds, ...data });
    if (!terminal.live) terminal.line(`${at()}${text}`);
  };
  let receiving = false;
  const leave = () => {
    if (terminal.live) process.stdout.write('\x1b[?25h');
    void onLeave().finally(() => process.exit(Exit.interrupted));
  };
  for (const signal of SIGNALS) process.once(signal, leave);
  if (terminal.live) process.stdout.write('\x1b[?25l\n');
  return {
    draw() {
      if (!terminal.live) return;
      const picture = demoScreen(terminal, facts);
      process.stdout.write(`${lines > 0 ? `\x1b[${lines}A` : ''}${picture.map((line) => `\x1b[2K${line}\n`).join('')}`);
      lines = picture.length;
    },
    heard: (text: string, data: Record<string, unknown>) => say(facts.heard, text, { type: 'event', ...data }),
    update: (text: string) => say(facts.updates, text, { type: 'push', text }),
    status(status: OtaStatus) {
      // A transfer is one line that grows, and stays when it is over.
      if (receiving) facts.updates.pop();
      if (receiving || status.state === 'receiving') {
        facts.updates.push(`${at()}${otaText({ ...status, state: 'receiving' })}`);
      }
      receiving = status.state === 'receiving';
      if (!receiving) say(facts.updates, otaText(status), { ...status });
    },
    close() {
      for (const signal of SIGNALS) process.off(signal, leave);
      if (!terminal.live) return;
      this.draw();
      process.stdout.write('\x1b[?25h');
    },
  };
}
