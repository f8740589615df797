/** A row with a picture: a buffer, or the memory, over time. */
import { LEFT, RIGHT } from './chart.ts';
import type { Colours } from './colours.ts';
import { bytesOf, contextOf, create } from './dom.ts';
import type { MapData } from './protocol.ts';
import type { View } from './view.ts';

export class PictureMap {
  readonly element: HTMLElement = create('div', { className: 'plot' });
  readonly #canvas = create('canvas');
  readonly #view: View;
  #colours: Colours | null = null;
  #data: MapData | null = null;
  #image: HTMLCanvasElement | null = null;

  constructor(view: View) {
    this.#view = view;
    this.element.append(this.#canvas);
  }

  restyle(colours: Colours): void {
    this.#colours = colours;
    this.#paint();
  }

  setData(data: MapData): void {
    this.#data = data;
    this.#paint();
  }

  redraw(): void {
    const { context, width, height } = contextOf(this.#canvas);
    const image = this.#image;
    const x = this.#data?.x ?? [];
    if (image === null || this.#colours === null || x.length === 0) return;
    const plotWidth = width - LEFT - RIGHT;
    const { from, span, end } = this.#view;
    const at = (t: number) => LEFT + ((t - from) / span) * plotWidth;
    context.imageSmoothingEnabled = false;
    context.save();
    context.beginPath();
    context.rect(LEFT, 4, plotWidth, height - 8);
    context.clip();
    for (const [i, t] of x.entries()) {
      const left = Math.floor(at(t));
      const right = Math.ceil(at(x[i + 1] ?? end));
      if (right < LEFT || left > width) continue;
      context.drawImage(image, i, 0, 1, image.height, left, 4, Math.max(right - left, 1), height - 8);
    }
    context.restore();
    context.fillStyle = this.#colours.text;
    context.font = '11px ui-monospace, monospace';
    context.textAlign = 'right';
    const [bottom, top] = this.#data!.labels;
    context.fillText(top, LEFT - 6, 13);
    context.fillText(bottom, LEFT - 6, height - 5);
  }

  valuesAt(): string[] {
    return [];
  }

  /** Makes the image, a pixel for each value, the first value at the bottom. */
  #paint(): void {
    const data = this.#data;
    const colours = this.#colours;
    if (data === null || colours === null || data.rows === 0 || data.x.length === 0) return;
    const pixels = bytesOf(data.pixels);
    const { rows } = data;
    const columns = data.x.length;
    const image = create('canvas');
    image.width = columns;
    image.height = rows;
    const context = image.getContext('2d')!;
    const out = context.createImageData(columns, rows);
    for (let column = 0; column < columns; column++) {
      for (let row = 0; row < rows; row++) {
        const value = pixels[column * rows + row]!;
        const to = ((rows - 1 - row) * columns + column) * 4;
        for (let c = 0; c < 3; c++) out.data[to + c] = colours.map[value * 3 + c]!;
        out.data[to + 3] = 255;
      }
    }
    context.putImageData(out, 0, 0);
    this.#image = image;
    this.redraw();
  }
}
