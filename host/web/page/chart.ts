/** A row with lines: a uPlot chart without a time axis of its own. */
import uPlot from 'uplot';
import type { Colours } from './colours.ts';
import { create, short } from './dom.ts';
import type { LineData, TrackInfo } from './protocol.ts';
import type { View } from './view.ts';

/** Space of the axis on the left, and on the right of each plot; all rows have the same. */
export const LEFT = 52;
export const RIGHT = 12;

/** Most lines of one row. */
const MAX_LINES = 4;

export class Chart {
  readonly element: HTMLElement = create('div', { className: 'plot' });
  #plot: uPlot | null = null;
  #data: LineData | null = null;
  readonly #info: TrackInfo;
  readonly #view: View;
  readonly #marks: () => number[];

  constructor(info: TrackInfo, view: View, marks: () => number[]) {
    this.#info = info;
    this.#view = view;
    this.#marks = marks;
  }

  /** Draws anew, in other colours. */
  restyle(colours: Colours): void {
    this.#plot?.destroy();
    const { lines, steps, id } = this.#info;
    const stepped = uPlot.paths.stepped!({ align: 1 });
    this.#plot = new uPlot(
      {
        width: Math.max(this.element.clientWidth, 100),
        height: this.element.clientHeight,
        padding: [6, RIGHT, 6, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: false, auto: false, range: () => [this.#view.from, this.#view.to] },
          y: { range: (_plot, low, high) => padded(low, high) },
        },
        axes: [
          { show: false },
          {
            size: LEFT,
            stroke: colours.text,
            font: '11px ui-monospace, monospace',
            space: 26,
            values: (_plot, values) => values.map(short),
            grid: { stroke: colours.grid, width: 1 },
            ticks: { show: false },
          },
        ],
        series: [
          {},
          ...lines.slice(0, MAX_LINES).map((label, i) => ({
            label,
            stroke: colours.lines[(i + (id.startsWith('sensor') ? 0 : 1)) % colours.lines.length]!,
            width: 1,
            points: { show: false },
            ...(steps && { paths: stepped }),
          })),
        ],
        hooks: { drawClear: [(plot) => this.#drawMarks(plot, colours)] },
      },
      this.#columns(),
      this.element,
    );
  }

  setData(data: LineData): void {
    this.#data = data;
    this.#plot?.setData(this.#columns(), true);
  }

  redraw(): void {
    const plot = this.#plot;
    if (plot === null) return;
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width > 0 && (plot.width !== width || plot.height !== height)) plot.setSize({ width, height });
    plot.setData(this.#columns(), true);
  }

  /** The values at a time: the last before it, or the extremes around it. */
  valuesAt(t: number): string[] {
    const { x = [], y = [], pairs = false } = this.#data ?? {};
    let index = x.findLastIndex((time) => time <= t + 1e-9);
    if (index < 0) return [];
    if (!pairs) return y.slice(0, MAX_LINES).map((line) => short(line[index]!));
    index -= index % 2;
    return y.slice(0, MAX_LINES).map((line) => `${short(line[index]!)} … ${short(line[index + 1]!)}`);
  }

  #columns(): uPlot.AlignedData {
    const { x = [], y = [] } = this.#data ?? {};
    const lines = this.#info.lines.slice(0, MAX_LINES);
    return [x, ...lines.map((_, i) => y[i] ?? [])];
  }

  #drawMarks({ ctx, bbox, valToPos }: uPlot, { event }: Colours): void {
    ctx.save();
    ctx.strokeStyle = event;
    ctx.globalAlpha = 0.35;
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    for (const t of this.#marks()) {
      const x = Math.round(valToPos(t, 'x', true)) + 0.5;
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
    }
    ctx.stroke();
    ctx.restore();
  }
}

/** The range of an axis: not empty, and with a little space. */
function padded(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const space = (high - low) * 0.08 || Math.max(Math.abs(high) * 0.1, 1);
  return [low - space, high + space];
}
