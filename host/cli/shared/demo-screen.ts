/** The demo as it happens: a picture that is drawn again and again on a terminal, lines or NDJSON elsewhere. */
import { printable } from '../../base/index.ts';
import type { SlotState } from '../../device/link/index.ts';
import type { DemoFacts, DemoScreen, DemoSlot } from '../../toolchain/demo/index.ts';
import { sparkline } from './report.ts';
import { cutTo, Exit, type Terminal } from './terminal.ts';
import { bar, otaText } from './watch-report.ts';

/** Each makes the cursor visible again before the process exits. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

const STATE_STYLE: Partial<Record<SlotState, 'green' | 'yellow' | 'red'>> = {
  confirmed: 'green',
  trial: 'yellow',
  failed: 'red',
};

function slotLine(terminal: Terminal, index: number, slot: DemoSlot | null, running: boolean): string {
  const label = `slot ${'AB'[index]}  `;
  if (slot === null) return terminal.paint('dim', `${label}  empty`);
  const { name, version, sequence, sha256, state } = slot;
  const text = printable(`${name} ${version}`).padEnd(16);
  const mark = running ? terminal.paint('bold', '▶ ') : '  ';
  const style = STATE_STYLE[state];
  return `${label}${mark}${text}  sequence ${sequence}  ${terminal.paint('dim', sha256.slice(0, 12))}  ${style ? terminal.paint(style, state) : state}`;
}

/** Lines that were reported, newest last. */
interface Lines {
  words: string[];
  updates: string[];
}

/** All lines of one picture; always the same number. */
function picture(terminal: Terminal, facts: DemoFacts, lines: Lines): string[] {
  const width = Math.min(terminal.columns, 96);
  const dim = (text: string) => terminal.paint('dim', text);
  const score = (name: string, value: number) => {
    const text = `${name.padEnd(11)}${bar(value, 255, 32)} ${String(value).padStart(3)}`;
    return value >= facts.threshold ? terminal.paint('cyan', text) : text;
  };
  const last = (lines: string[], count: number) => [
    ...lines.slice(-count),
    ...Array(Math.max(0, count - lines.length)).fill(''),
  ];
  const clock = `${facts.seconds.toFixed(1).padStart(5)} of ${facts.endSeconds} s`;
  return [
    `${terminal.paint('bold', 'moteware')}  ${clock}   a keyword node on ${facts.platform} ${dim(`· ${facts.brokerUrl}`)}`,
    '',
    `microphone ${terminal.paint('green', sparkline([...facts.sound, 0, 12_000], Math.min(66, width - 12)).slice(0, -2))}`,
    score('yes', facts.yes),
    score('no', facts.no),
    dim(
      `           ${' '.repeat(Math.max(0, Math.round((facts.threshold / 255) * 32) - 1))}▲ threshold ${facts.threshold}`,
    ),
    '',
    slotLine(terminal, 0, facts.slots[0], facts.running === 0),
    slotLine(terminal, 1, facts.slots[1], facts.running === 1),
    `samples    ${facts.read.toLocaleString('en')} read, ${terminal.paint(facts.lost === 0 ? 'green' : 'red', `${facts.lost} lost`)}   ${dim(`${facts.messages} messages from the broker`)}`,
    '',
    terminal.paint('bold', 'words, as the broker received them'),
    ...last(lines.words, 6),
    '',
    terminal.paint('bold', 'over the air'),
    ...last(lines.updates, 7),
  ].map((line) => cutTo(line, width));
}

/** The live screen on a terminal; lines, or NDJSON, elsewhere. */
export function openScreen(terminal: Terminal, facts: DemoFacts, closeNode: () => Promise<void>): DemoScreen {
  const lines: Lines = { words: [], updates: [] };
  let drawn = 0;
  const at = () => `${facts.seconds.toFixed(1).padStart(5)} s  `;
  const report = (list: string[], text: string, data: Record<string, unknown>) => {
    list.push(`${at()}${text}`);
    terminal.data({ t: facts.seconds, ...data });
    if (!terminal.live) terminal.line(`${at()}${text}`);
  };
  let receiving = false;
  const leave = () => {
    if (terminal.live) process.stdout.write('\x1b[?25h');
    void closeNode().finally(() => process.exit(Exit.interrupted));
  };
  for (const signal of SIGNALS) process.once(signal, leave);
  if (terminal.live) process.stdout.write('\x1b[?25l\n');
  return {
    draw() {
      if (!terminal.live) return;
      const rows = picture(terminal, facts, lines);
      process.stdout.write(`${drawn > 0 ? `\x1b[${drawn}A` : ''}${rows.map((row) => `\x1b[2K${row}\n`).join('')}`);
      drawn = rows.length;
    },
    onWord(word, score, version) {
      const by = terminal.paint('dim', `by keyword ${printable(version)}`);
      const text = `${terminal.paint('cyan', printable(word).padEnd(4))} score ${score}   ${by}`;
      report(lines.words, text, { type: 'event', word, score, version });
    },
    onPush(label) {
      const text = `push ${label}`;
      report(lines.updates, text, { type: 'push', text });
    },
    onStatus(status) {
      // A transfer is one line that grows and remains when it is over.
      if (receiving) lines.updates.pop();
      if (receiving || status.state === 'receiving') {
        lines.updates.push(`${at()}${otaText({ ...status, state: 'receiving' })}`);
      }
      receiving = status.state === 'receiving';
      if (!receiving) report(lines.updates, otaText(status), { ...status });
    },
    close() {
      for (const signal of SIGNALS) process.off(signal, leave);
      if (!terminal.live) return;
      this.draw();
      process.stdout.write('\x1b[?25h');
    },
  };
}
