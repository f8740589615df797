/** Taps and memory at the time of the cursor. */
import { type Colours, readColours } from './colours.ts';
import { byId, bytesOf, contextOf, create, short, timeText } from './dom.ts';
import type { CursorData, MemoryData, TapData, TapFormat } from './protocol.ts';

const FORMATS: Record<TapFormat, { bytes: number; read: (view: DataView, at: number) => number }> = {
  int8: { bytes: 1, read: (view, at) => view.getInt8(at) },
  uint8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  int16: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  int32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  float32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
};
const ROW_PX = 18;

interface TapView {
  title: HTMLElement;
  extremes: HTMLElement;
  format: HTMLSelectElement;
  canvas: HTMLCanvasElement;
}

export class Buffers {
  readonly #taps = new Map<string, TapView>();
  readonly #onFormat: () => void;
  readonly #hex = byId('hex');
  #data: CursorData = { taps: [], memory: null };
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(onFormat: () => void) {
    this.#onFormat = onFormat;
    this.#hex.addEventListener('scroll', () => this.#drawHex());
  }

  /** `NAME:TYPE` of each tap. */
  get formats(): string[] {
    return [...this.#taps].map(([name, { format }]) => `${name}:${format.value}`);
  }

  set(data: CursorData): void {
    this.#data = data;
    this.draw();
  }

  draw(): void {
    const colours = readColours();
    for (const tap of this.#data.taps) this.#drawTap(tap, colours);
    if (this.#data.memory !== null && !byId('memory').hidden) this.#drawMemory(this.#data.memory);
  }

  #drawTap(tap: TapData, colours: Colours): void {
    const { title, extremes, format, canvas } = this.#viewOf(tap.name);
    const bytes = bytesOf(tap.bytes);
    const { bytes: size, read } = FORMATS[format.value as TapFormat];
    const view = new DataView(bytes.buffer);
    const values = Array.from({ length: Math.floor(bytes.length / size) }, (_, i) => read(view, i * size));
    title.textContent = `${tap.index + 1} of ${tap.count}, at ${timeText(tap.t)}`;
    if (values.length === 0 || byId('taps').hidden) return;
    const low = values.reduce((a, b) => Math.min(a, b));
    const high = values.reduce((a, b) => Math.max(a, b));
    extremes.textContent = `${values.length} values, ${short(low)} … ${short(high)}`;
    const { context, width, height } = contextOf(canvas);
    const each = width / values.length;
    const y = (value: number) => height - 6 - ((value - low) / (high - low || 1)) * (height - 12);
    context.fillStyle = colours.lines[2]!;
    const zero = y(Math.min(Math.max(0, low), high));
    for (const [i, value] of values.entries()) {
      const top = Math.min(y(value), zero);
      context.fillRect(i * each, top, Math.max(each - (each > 4 ? 1 : 0), 1), Math.max(Math.abs(y(value) - zero), 1));
    }
  }

  #viewOf(name: string): TapView {
    const known = this.#taps.get(name);
    if (known !== undefined) return known;
    const format = create('select');
    format.ariaLabel = `Element type of ${name}`;
    format.append(...Object.keys(FORMATS).map((text) => create('option', { text })));
    format.addEventListener('change', () => {
      this.draw();
      this.#onFormat();
    });
    const made = {
      title: create('span'),
      extremes: create('p', { className: 'extremes' }),
      format,
      canvas: create('canvas'),
    };
    const head = create('div', { className: 'head' }, create('strong', { text: name }), made.title, format);
    byId('taps').querySelector('.hint')?.remove();
    byId('taps').append(create('article', {}, head, made.canvas, made.extremes));
    this.#taps.set(name, made);
    return made;
  }

  #drawMemory({ t, bytes, changed }: MemoryData): void {
    this.#bytes = bytesOf(bytes);
    const count = changed.reduce((sum, [from, to]) => sum + to - from, 0);
    byId('memory-note').textContent =
      `${this.#bytes.length} bytes, recorded at ${timeText(t)}; ${count} changed since the recording before.`;
    this.#drawHex();
  }

  #drawHex(): void {
    const inner = this.#hex.firstElementChild as HTMLElement;
    const each = this.#hex.clientWidth < 430 ? 8 : 16;
    const rows = Math.ceil(this.#bytes.length / each);
    inner.style.height = `${rows * ROW_PX}px`;
    const first = Math.max(Math.floor(this.#hex.scrollTop / ROW_PX) - 2, 0);
    const end = Math.min(first + Math.ceil(this.#hex.clientHeight / ROW_PX) + 4, rows);
    const changed = new Set<number>();
    for (const [from, to] of this.#data.memory?.changed ?? [])
      for (let i = Math.max(from, first * each); i < Math.min(to, end * each); i++) changed.add(i);
    const lines: HTMLElement[] = [];
    for (let row = first; row < end; row++) {
      const line = create(
        'div',
        {},
        create('span', { className: 'address', text: (row * each).toString(16).padStart(5, '0') }),
      );
      line.style.top = `${row * ROW_PX}px`;
      let characters = '';
      for (let i = row * each; i < Math.min((row + 1) * each, this.#bytes.length); i++) {
        const byte = this.#bytes[i]!;
        const text = byte.toString(16).padStart(2, '0');
        line.append(' ', changed.has(i) ? create('b', { text }) : text);
        characters += byte > 32 && byte < 127 ? String.fromCharCode(byte) : '·';
      }
      line.append(create('span', { className: 'characters', text: characters }));
      lines.push(line);
    }
    inner.replaceChildren(...lines);
  }
}
