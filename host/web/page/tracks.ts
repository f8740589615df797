/** The rows of the page, one below the other on the same time axis, with the ruler and the overview above. */
import { Chart, LEFT, RIGHT } from './chart.ts';
import { type Colours, readColours } from './colours.ts';
import { byId, contextOf, create, timeText } from './dom.ts';
import { PictureMap } from './map.ts';
import type { Entry, LineData, RangeData, TrackInfo } from './protocol.ts';
import type { View } from './view.ts';

const GROUPS: Record<TrackInfo['group'], string> = { sensor: 'Sensor', metric: 'Metric', tap: 'Tap', node: 'Node' };
const ORDER = Object.keys(GROUPS) as TrackInfo['group'][];

interface Row {
  info: TrackInfo;
  element: HTMLElement;
  values: HTMLElement;
  plot: Chart | PictureMap;
}

export class Tracks {
  readonly #view: View;
  readonly #events: () => readonly Entry[];
  readonly #list = byId('tracks');
  readonly #overview = byId<HTMLCanvasElement>('overview');
  readonly #ruler = byId<HTMLCanvasElement>('ruler');
  readonly #cursor = create('div', { className: 'cursor' });
  readonly #rows = new Map<string, Row>();
  #outline: LineData | null = null;
  #colours: Colours = readColours();

  constructor(view: View, events: () => readonly Entry[]) {
    this.#view = view;
    this.#events = events;
    this.#cursor.hidden = true;
    this.#list.append(this.#cursor);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.restyle());
  }

  /** Columns of a plot. */
  get width(): number {
    return Math.max(this.#ruler.clientWidth - LEFT - RIGHT, 50);
  }

  /** The time under a position on the page. */
  timeAt(clientX: number): number {
    const { left } = this.#ruler.getBoundingClientRect();
    return this.#view.from + ((clientX - left - LEFT) / this.width) * this.#view.span;
  }
  /** The time under a position on the overview. */
  overviewTimeAt(clientX: number): number {
    const { left } = this.#overview.getBoundingClientRect();
    return ((clientX - left - LEFT) / this.width) * this.#view.end;
  }

  clear(): void {
    for (const { element } of this.#rows.values()) element.remove();
    this.#rows.clear();
    this.#outline = null;
  }

  setTracks(infos: readonly TrackInfo[]): void {
    for (const info of infos) if (!this.#rows.has(info.id)) this.#rows.set(info.id, this.#createRow(info));
    const rows = [...this.#rows.values()];
    rows.sort((a, b) => ORDER.indexOf(a.info.group) - ORDER.indexOf(b.info.group));
    this.#list.append(...rows.map(({ element }) => element));
    byId('empty').hidden = rows.length > 0;
    for (const { plot } of rows)
      if (!plot.element.hasChildNodes() || plot instanceof Chart) plot.restyle(this.#colours);
    for (const { plot } of rows) if (plot instanceof PictureMap) plot.restyle(this.#colours);
  }

  setData({ lines, maps }: RangeData): void {
    for (const line of lines) {
      const plot = this.#rows.get(line.id)?.plot;
      if (plot instanceof Chart) plot.setData(line);
    }
    for (const map of maps) {
      const plot = this.#rows.get(map.id)?.plot;
      if (plot instanceof PictureMap) plot.setData(map);
    }
    this.redraw();
  }

  /** The whole run, for the overview: the first row with lines. */
  setOutline(data: RangeData): void {
    this.#outline = data.lines[0] ?? null;
    this.#drawOverview();
  }

  restyle(): void {
    this.#colours = readColours();
    for (const { plot } of this.#rows.values()) plot.restyle(this.#colours);
    this.redraw();
  }

  redraw(): void {
    for (const { plot } of this.#rows.values()) plot.redraw();
    this.drawCursor();
  }

  /** What depends on the cursor alone. */
  drawCursor(): void {
    const { time, from, span, follow, hover } = this.#view;
    for (const { values, plot } of this.#rows.values()) {
      const texts = plot.valuesAt(time);
      values.replaceChildren(...texts.map((text, i) => create('span', { className: `line-${i}`, text })));
    }
    const at = (time - from) / span;
    this.#cursor.hidden = at < 0 || at > 1 || this.#rows.size === 0;
    this.#cursor.classList.toggle('live', follow && hover === null);
    const left = this.#ruler.offsetLeft - this.#list.offsetLeft;
    this.#cursor.style.left = `${left + LEFT + at * this.width}px`;
    byId('clock').textContent = timeText(time, span);
    this.#drawRuler();
    this.#drawOverview();
  }

  /** Times of the events that a row marks. */
  #marks = (): number[] => {
    const { from, to } = this.#view;
    return this.#events()
      .map(({ t }) => t)
      .filter((t) => t >= from && t <= to);
  };

  #createRow(info: TrackInfo): Row {
    const plot = info.lines.length > 0 ? new Chart(info, this.#view, this.#marks) : new PictureMap(this.#view);
    const values = create('output', { className: 'values' });
    const unit = info.unit === '' || info.unit === '1' ? '' : ` [${info.unit}]`;
    const label = create(
      'div',
      { className: 'label' },
      create('small', { text: GROUPS[info.group] }),
      create('strong', { text: info.name + unit }),
      values,
    );
    const element = create('section', { className: `track ${info.group}` }, label, plot.element);
    element.dataset.track = info.id;
    element.setAttribute('aria-label', `${GROUPS[info.group]} ${info.name}`);
    return { info, element, values, plot };
  }

  #drawRuler(): void {
    const { context, width, height } = contextOf(this.#ruler);
    const { from, to, span } = this.#view;
    const at = (t: number) => LEFT + ((t - from) / span) * this.width;
    const step = niceStep(span / (this.width / 80));
    context.font = '11px ui-monospace, monospace';
    context.fillStyle = this.#colours.text;
    context.strokeStyle = this.#colours.grid;
    context.textAlign = 'center';
    context.beginPath();
    for (let i = Math.ceil(from / step); i * step <= to; i++) {
      const x = Math.round(at(i * step)) + 0.5;
      context.moveTo(x, height - 5);
      context.lineTo(x, height);
      if (x > LEFT + 20 && x < width - 30) context.fillText(tickText(i * step, step), x, height - 9);
    }
    context.stroke();
    context.fillStyle = this.#colours.event;
    for (const t of this.#marks()) triangle(context, at(t), 3);
    const cursor = at(this.#view.time);
    if (cursor < LEFT - 1 || cursor > LEFT + this.width + 1) return;
    context.fillStyle = this.#colours.accent;
    context.fillRect(cursor - 1, 0, 2, height);
  }

  #drawOverview(): void {
    const { context, height } = contextOf(this.#overview);
    const { end, from, to } = this.#view;
    if (end <= 0) return;
    const at = (t: number) => LEFT + (t / end) * this.width;
    const { x = [], y = [] } = this.#outline ?? {};
    const values = y[0] ?? [];
    const low = values.reduce((a, b) => Math.min(a, b), 0);
    const high = values.reduce((a, b) => Math.max(a, b), 1);
    context.strokeStyle = this.#colours.lines[0]!;
    context.globalAlpha = 0.7;
    context.beginPath();
    for (const [i, t] of x.entries()) {
      context.lineTo(at(t), height - 4 - ((values[i]! - low) / (high - low)) * (height - 8));
    }
    context.stroke();
    context.globalAlpha = 1;
    context.fillStyle = this.#colours.event;
    for (const { t } of this.#events()) context.fillRect(at(t) - 0.5, 0, 1.5, height);
    const left = at(from);
    const width = Math.max(at(to) - left, 3);
    context.fillStyle = this.#colours.window;
    context.fillRect(left, 0, width, height);
    context.strokeStyle = this.#colours.accent;
    context.lineWidth = 1.5;
    context.strokeRect(left, 0.75, width, height - 1.5);
    context.lineWidth = 1;
    context.fillStyle = this.#colours.accent;
    context.fillRect(at(this.#view.time) - 0.75, 0, 1.5, height);
  }
}

function triangle(context: CanvasRenderingContext2D, x: number, y: number): void {
  context.beginPath();
  context.moveTo(x - 5, y);
  context.lineTo(x + 5, y);
  context.lineTo(x, y + 8);
  context.fill();
}

function tickText(t: number, step: number): string {
  if (step >= 1 && t >= 60) return timeText(t, 1000).replace(/\.0$/, '');
  return `${t.toFixed(Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)))} s`;
}

/** 1, 2 or 5 times a power of ten. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((n) => n * power).find((step) => step >= least) ?? least;
}
