/** The page of `mote sim --open`: follows the live stream, and asks for the range that it shows. */
import { Buffers } from './buffers.ts';
import { byId, create } from './dom.ts';
import { Entries } from './entries.ts';
import { listenToGestures } from './gestures.ts';
import type { CursorData, Live, RangeData, RunInfo } from './protocol.ts';
import { Tracks } from './tracks.ts';
import { View } from './view.ts';

let run = 0;
let info: RunInfo | null = null;
let drawing = false;

const view: View = new View(() => {
  if (!drawing) requestAnimationFrame(draw);
  drawing = true;
});
const entries = new Entries(view);
const tracks = new Tracks(view, () => entries.events);
const buffers = new Buffers(() => askRange(true));

/** Calls `ask` at once, and once more if there was a call meanwhile. */
function single(ask: () => Promise<void>): () => void {
  let busy = false;
  let again = false;
  const start = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      await ask();
    } catch {
      // The server ended; the live stream reports it.
    }
    busy = false;
    if (again) {
      again = false;
      void start();
    }
  };
  return () => void start();
}

async function get<T>(path: string): Promise<T> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
}

function rangePath(from: number, to: number, points: number): string {
  const query = new URLSearchParams({ from: String(from), to: String(to), points: String(points) });
  for (const format of buffers.formats) query.append('format', format);
  return `range?${query}`;
}

let asked = '';
const fetchRange = single(async () => {
  // More than is visible, so that the view can move before the answer comes.
  const margin = view.whole ? 0 : view.span / 2;
  const of = run;
  const data = await get<RangeData>(
    rangePath(Math.max(view.from - margin, 0), view.to + margin, tracks.width * (view.whole ? 1 : 2)),
  );
  if (of === run) tracks.setData(data);
});
function askRange(force = false): void {
  const now = `${run} ${view.from} ${view.to} ${view.end} ${tracks.width}`;
  if (now === asked && !force) return;
  asked = now;
  fetchRange();
}
const fetchOutline = single(async () => tracks.setOutline(await get<RangeData>(rangePath(0, view.end, 300))));

let askedAt = -1;
const fetchCursor = single(async () => buffers.set(await get<CursorData>(`at?t=${view.time}`)));

function draw(): void {
  drawing = false;
  tracks.redraw();
  entries.mark();
  const { follow } = view;
  byId('follow').ariaPressed = String(follow);
  if (run === 0) return;
  askRange();
  if (view.time !== askedAt) {
    askedAt = view.time;
    fetchCursor();
  }
}

function showState(name: 'live' | 'ended' | 'building' | 'failed' | 'lost', text: string): void {
  byId('state').className = name;
  byId('state').lastElementChild!.textContent = text;
}

function showNode({ counts }: Live): void {
  const rows: [string, string][] = [];
  if (info !== null) {
    rows.push(['app', `${info.app} ${info.version}`], ['node', info.node], ['engine', info.engine]);
    rows.push(['linear memory', `${info.memoryBytes} B`], ['read-only data', `${info.romBytes} B`]);
    rows.push(['code', `${info.codeBytes} B`]);
  }
  if (counts !== null) {
    rows.push(['steps', String(counts.steps)], ['faults', String(counts.faults)]);
    rows.push(['most fuel of a step', String(counts.maxFuel)]);
    for (const [name, { produced, read, lost, waiting }] of Object.entries(counts.sensors)) {
      const rate = info?.sensors.find((sensor) => sensor.name === name)?.rateHz;
      rows.push([
        name,
        `${rate === undefined ? '' : `${rate} Hz; `}${produced} samples: ${read} read, ${waiting} waiting, ${lost} lost`,
      ]);
    }
  }
  const list = byId('node').firstElementChild!;
  list.replaceChildren(...rows.flatMap(([term, text]) => [create('dt', { text: term }), create('dd', { text })]));
}

function onLive(live: Live): void {
  if (live.run !== run) {
    run = live.run;
    info = null;
    tracks.clear();
    entries.clear();
    view.reset();
  }
  if (live.info !== undefined) {
    info = live.info;
    document.title = `${info.app}: mote sim`;
    byId('app').textContent = info.app;
    byId('about').textContent = `${info.version} on ${info.engine}`;
  }
  if (live.tracks !== undefined) tracks.setTracks(live.tracks);
  entries.add(live.entries);
  showNode(live);
  if (live.failed) showState('failed', 'failed: see the last entry');
  else if (info === null) showState('building', 'building');
  else showState(live.ended ? 'ended' : 'live', live.ended ? 'ended' : 'live');
  document.documentElement.dataset.run = String(run);
  view.advance(live.t);
  fetchOutline();
  if (live.ended) askRange(true);
}

const stream = new EventSource('live');
stream.addEventListener('message', ({ data }) => onLive(JSON.parse(String(data)) as Live));
stream.addEventListener('error', () => {
  showState('lost', 'mote has ended');
  // After a reconnection the server begins with everything.
  run = 0;
});

function jumpEvent(step: 1 | -1): void {
  const event = entries.near(view.time, step);
  if (event !== undefined) view.jump(event.t);
}

const tabs = [...document.querySelectorAll<HTMLElement>('[role=tab]')];
function select(index: number, focus = false): void {
  for (const [i, tab] of tabs.entries()) {
    tab.ariaSelected = String(i === index);
    tab.tabIndex = i === index ? 0 : -1;
    byId(tab.getAttribute('aria-controls')!).hidden = i !== index;
  }
  if (focus) tabs[index]!.focus();
  buffers.draw();
}
for (const [i, tab] of tabs.entries()) {
  tab.addEventListener('click', () => select(i));
  tab.addEventListener('keydown', ({ key }) => {
    const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
    if (step !== 0) select((i + step + tabs.length) % tabs.length, true);
  });
}

const help = byId<HTMLDialogElement>('help');
const ACTIONS: Record<string, () => void> = {
  follow: () => view.setFollow(!view.follow),
  previous: () => jumpEvent(-1),
  next: () => jumpEvent(1),
  in: () => view.zoom(1 / 1.6),
  out: () => view.zoom(1.6),
  fit: () => view.fit(),
  keys: () => help.showModal(),
};
for (const [id, run] of Object.entries(ACTIONS)) byId(id).addEventListener('click', run);

const KEYS: Record<string, (shift: boolean) => void> = {
  ' ': () => view.setFollow(!view.follow),
  ArrowLeft: (shift) => view.jump((view.cursor ?? view.end) - (view.span / tracks.width) * (shift ? 20 : 2)),
  ArrowRight: (shift) => view.jump((view.cursor ?? view.end) + (view.span / tracks.width) * (shift ? 20 : 2)),
  Home: () => view.jump(0),
  End: () => view.jump(view.end),
  p: () => jumpEvent(-1),
  n: () => jumpEvent(1),
  '+': () => view.zoom(1 / 1.6),
  '=': () => view.zoom(1 / 1.6),
  '-': () => view.zoom(1.6),
  '0': () => view.fit(),
  '?': () => help.showModal(),
  ...Object.fromEntries(tabs.map((_, i) => [String(i + 1), () => select(i)])),
};
document.addEventListener('keydown', (event) => {
  const target = event.target instanceof Element ? event.target : document.body;
  // A control that has the focus keeps its own keys.
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (target.closest('select') !== null) return;
  if (event.key === ' ' && target.closest('button, input') !== null) return;
  if (event.key.startsWith('Arrow') && target.closest('[role=tab], #hex') !== null) return;
  const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (action === undefined) return;
  event.preventDefault();
  action(event.shiftKey);
});

listenToGestures(view, tracks);
new ResizeObserver(() => {
  tracks.redraw();
  buffers.draw();
  askRange(true);
}).observe(byId('timeline'));
