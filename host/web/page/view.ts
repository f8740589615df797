/** The range of time that all rows show, and the cursor. */

const MIN_SPAN_S = 0.0005;

export class View {
  /** End of the recorded time. */
  end = 0;
  from = 0;
  to = 1;
  /** The time that was chosen; null: the end of the run. */
  cursor: number | null = null;
  /** The time under the mouse. */
  hover: number | null = null;
  /** Stays at the end of the run. */
  follow = true;
  /** Shows the whole run. */
  whole = true;
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get span(): number {
    return this.to - this.from;
  }
  /** The time whose values are shown. */
  get time(): number {
    return this.hover ?? this.cursor ?? this.end;
  }

  reset(): void {
    Object.assign(this, { end: 0, from: 0, to: 1, cursor: null, hover: null, follow: true, whole: true });
    this.#onChange();
  }

  advance(end: number): void {
    this.end = end;
    if (this.follow) this.#toEnd();
    this.#onChange();
  }

  /** Zooms about the time `at`, which then stays where it is; by default about the cursor, or the end. */
  zoom(factor: number, at?: number): void {
    if (at !== undefined) this.follow = false;
    this.#zoom(factor, at ?? (this.follow ? this.to : this.#inside(this.time)));
  }

  #zoom(factor: number, at: number): void {
    const span = Math.min(Math.max(this.span * factor, MIN_SPAN_S), this.end);
    this.whole = span >= this.end;
    const left = (at - this.from) / this.span;
    this.#show(at - left * span, span);
  }

  pan(seconds: number): void {
    this.follow = false;
    this.whole = false;
    this.#show(this.from + seconds, this.span);
  }

  fit(): void {
    this.whole = true;
    this.#show(0, Math.max(this.end, MIN_SPAN_S));
  }

  setFollow(follow: boolean): void {
    this.follow = follow;
    if (follow) {
      this.cursor = null;
      this.#toEnd();
    }
    this.#onChange();
  }

  setHover(t: number | null): void {
    this.hover = t === null ? null : Math.min(Math.max(t, 0), this.end);
    this.#onChange();
  }

  /** Puts the cursor at a time and makes it visible. */
  jump(t: number): void {
    this.follow = false;
    this.hover = null;
    this.cursor = Math.min(Math.max(t, 0), this.end);
    if (this.cursor < this.from || this.cursor > this.to) this.#show(this.cursor - this.span / 2, this.span);
    else this.#onChange();
  }

  #inside(t: number): number {
    return t >= this.from && t <= this.to ? t : (this.from + this.to) / 2;
  }

  #toEnd(): void {
    const span = this.whole ? Math.max(this.end, MIN_SPAN_S) : this.span;
    this.from = Math.max(this.end - span, 0);
    this.to = this.from + span;
  }

  #show(from: number, span: number): void {
    this.from = Math.max(0, Math.min(from, this.end - span));
    this.to = this.from + span;
    if (this.follow && !this.whole) this.#toEnd();
    this.#onChange();
  }
}
