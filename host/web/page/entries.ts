/** The list of events, log lines and states; it draws only the rows that are visible. */
import { byId, create, timeText } from './dom.ts';
import type { Entry } from './protocol.ts';
import type { View } from './view.ts';

const ROW_PX = 30;

export class Entries {
  all: Entry[] = [];
  events: Entry[] = [];
  #shown: Entry[] = [];
  #current = -1;
  readonly #view: View;
  readonly #list = byId('list');
  readonly #inner = this.#list.firstElementChild as HTMLElement;
  readonly #body = byId('body');

  constructor(view: View) {
    this.#view = view;
    this.#list.addEventListener('scroll', () => this.#draw());
    for (const box of this.#boxes()) box.addEventListener('change', () => this.#filter());
    this.#list.addEventListener('click', (event) => {
      const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[role=option]') : null;
      if (row !== null) view.jump(this.#shown[Number(row.dataset.index)]!.t);
    });
    this.#list.addEventListener('keydown', (event) => {
      const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
      if (step === 0) return;
      event.preventDefault();
      const entry = this.#shown[Math.min(Math.max(this.#current + step, 0), this.#shown.length - 1)];
      if (entry !== undefined) view.jump(entry.t);
    });
  }

  clear(): void {
    this.all = [];
    this.events = [];
    this.#filter();
  }

  add(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    this.all.push(...entries);
    this.events.push(...entries.filter(({ kind }) => kind === 'event'));
    this.#filter();
  }

  /** The event before or after a time. */
  near(t: number, step: 1 | -1): Entry | undefined {
    return step > 0 ? this.events.find((one) => one.t > t + 1e-6) : this.events.findLast((one) => one.t < t - 1e-6);
  }

  /** Marks the last entry up to the time of the view, and scrolls to it. */
  mark(): void {
    const current = this.#shown.findLastIndex(({ t }) => t <= this.#view.time + 1e-6);
    if (current === this.#current) return;
    this.#current = current;
    const top = current * ROW_PX;
    const { scrollTop, clientHeight } = this.#list;
    if (top < scrollTop || top + ROW_PX > scrollTop + clientHeight)
      this.#list.scrollTop = Math.max(top - clientHeight / 2, 0);
    const entry = this.#shown[current];
    this.#body.hidden = entry === undefined || entry.text === '';
    this.#body.textContent = entry === undefined ? '' : pretty(entry);
    this.#draw();
  }

  #boxes(): HTMLInputElement[] {
    return [...document.querySelectorAll<HTMLInputElement>('#entries input')];
  }

  #filter(): void {
    const kinds = this.#boxes().flatMap(({ checked, value }) => (checked ? [value] : []));
    this.#shown = this.all.filter(({ kind }) => kinds.includes(kind));
    this.#inner.style.height = `${this.#shown.length * ROW_PX}px`;
    document.querySelector('#tab-entries b')!.textContent = this.events.length > 0 ? String(this.events.length) : '';
    this.#current = -2;
    this.mark();
    this.#draw();
  }

  #draw(): void {
    const first = Math.max(Math.floor(this.#list.scrollTop / ROW_PX) - 2, 0);
    const end = Math.min(first + Math.ceil(this.#list.clientHeight / ROW_PX) + 5, this.#shown.length);
    const rows = this.#shown.slice(first, end).map((entry, i) => {
      const row = create(
        'div',
        { className: `entry ${entry.kind} ${entry.name}` },
        create('time', { text: timeText(entry.t) }),
        create('strong', { text: entry.name }),
        create('span', { text: entry.kind === 'log' ? entry.text : inline(entry.text) }),
      );
      row.role = 'option';
      row.id = `entry-${first + i}`;
      row.dataset.index = String(first + i);
      row.ariaSelected = String(first + i === this.#current);
      row.style.top = `${(first + i) * ROW_PX}px`;
      return row;
    });
    this.#inner.replaceChildren(...rows);
    if (this.#current >= first && this.#current < end)
      this.#list.setAttribute('aria-activedescendant', `entry-${this.#current}`);
    else this.#list.removeAttribute('aria-activedescendant');
  }
}

/** `{"a":1,"b":"x"}` as `a=1 b=x`. */
function inline(json: string): string {
  const value: unknown = JSON.parse(json);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return json;
  return Object.entries(value)
    .map(([key, one]) => `${key}=${typeof one === 'string' ? one : JSON.stringify(one)}`)
    .join(' ');
}

function pretty({ kind, name, text, seq }: Entry): string {
  if (kind === 'log') return text;
  return `${name}${seq === undefined ? '' : ` #${seq}`} ${JSON.stringify(JSON.parse(text), null, 2)}`;
}
