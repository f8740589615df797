/** The places of traps, printed behind the line of the log that reports a fault. */
import { codeFrame, printable } from '../../base/index.ts';
import { placeIn } from '../../device/link/index.ts';
import type { Fault } from '../../device/node/index.ts';
import { sha256, type TracedFrame, type Tracer } from '../../toolchain/debug/index.ts';
import type { Terminal } from './terminal.ts';

export const DEBUG_OPTION: [flags: string, description: string] = [
  '--debug <dir>',
  'folder with the debug information of the module, for the places of traps; default: .mote/debug of the app',
];

const frameText = ({ function: name, file, line, column }: TracedFrame): string =>
  printable(file === null ? name : `${name} (${file}:${line}:${column})`);

const sameFrame = (a: TracedFrame, b: TracedFrame): boolean => frameText(a) === frameText(b);

export class TrapReport {
  readonly #terminal: Terminal;
  readonly #tracer: Tracer;
  /** A module that is started again traps at the same place again. */
  readonly #seen = new Set<string>();
  /** Digest of the package that a node runs of which no birth has named a module yet. */
  firstPackage: Uint8Array | null = null;

  constructor(terminal: Terminal, tracer: Tracer) {
    this.#terminal = terminal;
    this.#tracer = tracer;
  }

  /** A fault of a simulated node. `t` in seconds. */
  fault(t: number, { code, offsets, wasm }: Fault): void {
    if (wasm !== null && offsets.length > 0) this.#report(t, code, sha256(wasm), offsets);
  }

  /** A line of a node's log or the text of a reason; `known` is the digest of the node's package, null if it isn't known. */
  text(t: number, code: string, text: string, known: Uint8Array | null): void {
    const place = placeIn(text);
    const digest = known ?? this.firstPackage;
    if (place === null || digest === null) return;
    this.#report(t, code, Buffer.from(digest).toString('hex'), [place]);
  }

  #report(t: number, code: string, digest: string, offsets: readonly number[]): void {
    const key = `${digest} ${offsets.join()}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const found = this.#tracer.trace(digest, offsets);
    const terminal = this.#terminal;
    if (found === null) {
      const at = offsets.map((offset) => `0x${offset.toString(16)}`)[0];
      const what = `${at} is an offset in the module; ${printable(this.#tracer.folder)} has no debug information of ${digest.slice(0, 12)}`;
      const missing = `${what}: build that version again, or name the folder of its build with --debug`;
      terminal.data({ type: 'trap', t, code, digest, offsets, place: null, stack: [], missing });
      terminal.line(terminal.paint('dim', `  ${missing}`));
      return;
    }
    const { place, at, stack, source } = found;
    terminal.data({ type: 'trap', t, code, digest, offsets, place, stack, source });
    const mark = (text: string) => terminal.paint('red', text);
    const clean = source.map(({ line, text }) => ({ line, text: printable(text, '\t') }));
    for (const [i, frame] of stack.entries()) {
      if (i > at && sameFrame(frame, stack[i - 1]!)) continue;
      const near = i === at && !sameFrame(frame, place) ? `, near ${place.file}:${place.line}:${place.column}` : '';
      terminal.line(`  ${i === 0 ? 'in' : 'called from'} ${frameText(frame)}${printable(near)}`);
      if (i !== at || place.column === null) continue;
      for (const line of codeFrame({ column: place.column, length: 1, source: clean }, mark))
        terminal.line(`    ${line}`);
    }
  }
}
