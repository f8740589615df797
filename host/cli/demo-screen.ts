/** The demo's picture: a small live screen on a terminal, plain lines elsewhere. Pure: facts in, text out. */
import type { SlotState } from '../device/link/index.ts';
import { bar } from './push.ts';
import { sparkline } from './report.ts';
import type { Terminal } from './terminal.ts';

export interface DemoSlot {
  name: string;
  version: string;
  sequence: number;
  sha256: string;
  state: SlotState;
}

export interface DemoFacts {
  /** Time of the node in seconds, and of the whole demo. */
  seconds: number;
  endSeconds: number;
  /** What the node runs on. */
  platform: string;
  brokerUrl: string;
  threshold: number;
  /** Peaks of the last seconds of sound, oldest first, 0 .. 32767. */
  sound: number[];
  /** Scores as they came from the broker, 0 .. 255. */
  yes: number;
  no: number;
  slots: [DemoSlot | null, DemoSlot | null];
  running: number | null;
  read: number;
  lost: number;
  /** Of the node while it listens, where they are counted. */
  instructionsPerSecond: number | null;
  messages: number;
  /** Newest last. */
  heard: string[];
  updates: string[];
}

const STATE_STYLE: Partial<Record<SlotState, 'green' | 'yellow' | 'red'>> = {
  confirmed: 'green',
  trial: 'yellow',
  failed: 'red',
};

function slotLine(terminal: Terminal, index: number, slot: DemoSlot | null, running: boolean): string {
  const label = `slot ${'AB'[index]}  `;
  if (slot === null) return terminal.paint('dim', `${label}  empty`);
  const { name, version, sequence, sha256, state } = slot;
  const text = `${name} ${version}`.padEnd(16);
  const mark = running ? terminal.paint('bold', '▶ ') : '  ';
  const style = STATE_STYLE[state];
  return `${label}${mark}${text}  sequence ${sequence}  ${terminal.paint('dim', sha256.slice(0, 12))}  ${style ? terminal.paint(style, state) : state}`;
}

/** All lines of one picture; always as many. */
export function demoScreen(terminal: Terminal, facts: DemoFacts): string[] {
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
    terminal.paint('bold', 'heard, as it came out of the broker'),
    ...last(facts.heard, 6),
    '',
    terminal.paint('bold', 'over the air'),
    ...last(facts.updates, 7),
  ].map((line) => clip(line, width));
}

/** Cuts a line with colours in it to `width` characters. */
function clip(line: string, width: number): string {
  let shown = 0;
  let out = '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours are control characters
  for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
    if (part.startsWith('\x1b')) out += part;
    else {
      out += part.slice(0, Math.max(0, width - shown));
      shown += part.length;
    }
  }
  return out;
}
