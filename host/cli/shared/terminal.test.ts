import { afterEach, expect, it, vi } from 'vitest';
import { MoteError } from '../../base/index.ts';
import type { DemoFacts } from '../../toolchain/demo/index.ts';
import { openScreen } from './demo-screen.ts';
import { Printer } from './report.ts';
import { cutTo, openTerminal, reportError, type Terminal, toJson } from './terminal.ts';
import { TrapReport } from './trap-report.ts';
import { otaText, printing, reportProblem } from './watch-report.ts';

/** Hides what follows, moves the cursor, sets the title, types into some terminals, reverses a line, forges a line. */
const EVIL = 'x\x1b[8m\x1b[2A\x1b]0;t\x07\x1bP$q\x9b31m\x7f\u202e\u2028\r\n00:00:00 ok';
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const STEERING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/;
/** What the commands themselves write: colours, and the redrawing of a line and of the demo. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: see above
const OWN = /\x1b\[(?!8)\d+m|\r?\x1b\[2K|\x1b\[\?25[lh]|\x1b\[\d+A(?=\x1b\[2K)/g;

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** Everything that reaches stdout and stderr while `work` runs. */
function written(live: boolean, json: boolean, work: (terminal: Terminal) => void): string {
  let out = '';
  const write = (chunk: string | Uint8Array) => {
    out += String(chunk);
    return true;
  };
  vi.stubEnv('NO_COLOR', undefined);
  vi.stubEnv('FORCE_COLOR', '1');
  vi.spyOn(process.stdout, 'write').mockImplementation(write);
  vi.spyOn(process.stderr, 'write').mockImplementation(write);
  const stdout = { write, isTTY: live, columns: 500 } as unknown as NodeJS.WriteStream;
  work(openTerminal(json, stdout));
  vi.restoreAllMocks();
  return out;
}

const status = {
  type: 'ota' as const,
  state: 'refused' as const,
  sequence: 1,
  sha256: new Uint8Array(32),
  received: 0,
  total: 1,
  reason: { code: EVIL, text: EVIL },
};
const module = {
  name: EVIL,
  version: EVIL,
  sequence: 1,
  sha256: new Uint8Array(32),
  slot: 0,
  state: 'trial' as const,
};
const birth = {
  type: 'birth' as const,
  node: 'a',
  boot: 1,
  firmware: { name: EVIL, version: EVIL },
  module,
  metrics: [],
  commands: [],
};
const frame = {
  type: 'telemetry' as const,
  metric: 0,
  t0Ms: 0,
  dtUs: 0,
  values: [1],
  exponent: 0,
  quality: 0,
  seq: 0,
};

const SCREENS: [string, (terminal: Terminal) => void][] = [
  // These two may have several lines.
  ['a line', (terminal) => terminal.line(EVIL.replaceAll('\x1b[8m', '').replace('\n', ''))],
  ['progress', (terminal) => terminal.progress(EVIL)],
  ['a problem', (terminal) => reportProblem(terminal, new MoteError('PAYLOAD', EVIL))],
  ['an error', (terminal) => void reportError(new MoteError('PAYLOAD', EVIL.replace('\n', '')), terminal.json)],
  ['an update', (terminal) => terminal.line(otaText(status))],
  ['data', (terminal) => terminal.data({ [EVIL]: EVIL })],
  [
    'what a node publishes',
    (terminal) => {
      const printer = new Printer(terminal, { telemetry: true });
      const traps = new TrapReport(terminal, { folder: EVIL, trace: () => null });
      const seen = printing(terminal, printer, { of: () => 0, now: () => 0 }, traps);
      seen.onEvent({ name: EVIL, tMs: 0, seq: 1, body: { [EVIL]: EVIL, list: [EVIL] } }, 'a');
      seen.onEvent({ name: EVIL, tMs: 0, seq: 1, body: EVIL }, 'a');
      seen.onLog({ type: 'log', level: 'info', tMs: 0, text: EVIL, package: null }, 'a');
      seen.onTelemetry(frame, { name: EVIL, unit: EVIL, exponent: 0 }, 'a');
      seen.onState({ online: true, node: 'a', boot: 1, birth }, 'a');
      seen.onOta(status, 'a');
      for (const line of printer.summary()) terminal.line(line);
    },
  ],
  [
    'the demo',
    (terminal) => {
      const slot = { name: EVIL, version: EVIL, sequence: 1, sha256: '', state: 'trial' as const };
      const facts: DemoFacts = {
        platform: 'a platform',
        brokerUrl: 'mqtt://127.0.0.1',
        endSeconds: 1,
        seconds: 0,
        threshold: 200,
        sound: [],
        yes: 0,
        no: 0,
        slots: [slot, null],
        running: 0,
        read: 0,
        lost: 0,
        messages: 0,
      } as unknown as DemoFacts;
      const screen = openScreen(terminal, facts, async () => {});
      screen.onWord(EVIL, 1, EVIL);
      screen.onStatus(status);
      screen.draw();
      screen.close();
    },
  ],
];

it.each(SCREENS)('%s with hostile text steers no terminal', (_what, show) => {
  for (const [live, json] of [
    [true, false],
    [false, false],
    [false, true],
  ] as const) {
    const text = written(live, json, show);
    const left = text.replace(OWN, '');
    expect(STEERING.exec(left)?.[0], `${live} ${json} ${JSON.stringify(text)}`).toBeUndefined();
    expect(text).not.toContain('\n00:00:00');
  }
});

it('JSON keeps its meaning when its text is made harmless', () => {
  expect(JSON.parse(toJson({ a: EVIL }))).toEqual({ a: EVIL });
  expect(toJson(undefined)).toBe('null');
});

it.each([
  ['short', 50, 'short'],
  ['exactly it', 10, 'exactly it'],
  ['more than ten', 10, 'more than…'],
  ['\x1b[32mgreen\x1b[39m words', 11, '\x1b[32mgreen\x1b[39m words'],
  ['\x1b[32mgreen\x1b[39m words', 8, '\x1b[32mgreen\x1b[39m w…'],
  ['\x1b[32mgreen\x1b[39m words', 4, '\x1b[32mgre…\x1b[39m'],
])('%j in %d columns ends with a sign if something is missing', (line, columns, shown) => {
  expect(cutTo(line, columns)).toBe(shown);
});

it('progress in 50 columns ends with a sign', () => {
  const chunks: string[] = [];
  const stdout = { isTTY: true, columns: 50, write: (text: string) => chunks.push(text) > 0 };
  openTerminal(false, stdout as unknown as NodeJS.WriteStream).progress('x'.repeat(60));
  expect(chunks.join('')).toBe(`\r\x1b[2K${'x'.repeat(49)}…`);
});

const TWO_PLACES = new MoteError('BUILD_COMPILE', 'app.ts:2:5: first\ngenerated/x.ts:1:1: second', {
  places: [
    {
      file: 'app.ts',
      line: 2,
      column: 5,
      length: 3,
      message: 'first',
      source: [{ line: 2, text: `let foo\x1b[8m = 1;` }],
    },
    { file: 'generated/x.ts', line: 1, column: 1, length: 1, message: 'second', source: [] },
  ],
});

it('shows the source of each place of an error, in colours only on a terminal', () => {
  const isTTY = Object.getOwnPropertyDescriptor(process.stderr, 'isTTY');
  const on = (live: boolean) => {
    Object.defineProperty(process.stderr, 'isTTY', { value: live, configurable: true });
    return written(live, false, () => reportError(TWO_PLACES, false));
  };
  const plain = on(false);
  expect(plain).toBe(
    'mote: app.ts:2:5: first [BUILD_COMPILE]\n2 | let foo\\u001b[8m = 1;\n  |     ^^^\n\ngenerated/x.ts:1:1: second\n',
  );
  const coloured = on(true);
  Object.defineProperty(process.stderr, 'isTTY', isTTY ?? { value: undefined, configurable: true });
  expect(coloured).toContain('\x1b[31m^^^\x1b[39m');
  expect(coloured.replace(OWN, '')).toBe(plain);
});

it('has the places of an error as data in JSON', () => {
  const { error } = JSON.parse(written(false, true, () => reportError(TWO_PLACES, true))) as { error: object };
  expect(error).toMatchObject({ code: 'BUILD_COMPILE', places: [{ file: 'app.ts', line: 2, column: 5 }, { line: 1 }] });
});
