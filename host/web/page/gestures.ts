/** Mouse, touch and wheel on the rows: move, zoom, cursor. */
import { LEFT } from './chart.ts';
import { byId } from './dom.ts';
import type { Tracks } from './tracks.ts';
import type { View } from './view.ts';

/** Movement in pixels up to which a press is a click. */
const CLICK_PX = 4;

export function listenToGestures(view: View, tracks: Tracks): void {
  const list = byId('tracks');
  const ruler = byId('ruler');
  const overview = byId('overview');
  const perPixel = () => view.span / tracks.width;

  const onWheel = (event: WheelEvent) => {
    // Beside the plots, the wheel scrolls the rows.
    if (!(event.target instanceof Element) || event.target.closest('.label') !== null) return;
    event.preventDefault();
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    if (Math.abs(sideways) > Math.abs(event.deltaY) || event.shiftKey) view.pan(sideways * perPixel());
    else view.zoom(1.0016 ** event.deltaY, tracks.timeAt(event.clientX));
  };
  for (const element of [list, ruler]) element.addEventListener('wheel', onWheel, { passive: false });

  const pointers = new Map<number, number>();
  let moved = 0;
  list.addEventListener('pointerdown', (event) => {
    if (!isOnPlot(event)) return;
    if (pointers.size === 0) moved = 0;
    pointers.set(event.pointerId, event.clientX);
    list.setPointerCapture(event.pointerId);
  });
  list.addEventListener('pointermove', (event) => {
    const before = pointers.get(event.pointerId);
    if (before === undefined) {
      if (event.pointerType === 'mouse') view.setHover(isOnPlot(event) ? tracks.timeAt(event.clientX) : null);
      return;
    }
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    moved += Math.abs(event.clientX - before);
    pointers.set(event.pointerId, event.clientX);
    if (other !== undefined) {
      const now = Math.max(Math.abs(event.clientX - other), 10);
      view.zoom(Math.max(Math.abs(before - other), 10) / now, tracks.timeAt((event.clientX + other) / 2));
    } else if (moved > CLICK_PX) {
      view.pan((before - event.clientX) * perPixel());
      if (event.pointerType === 'mouse') view.setHover(tracks.timeAt(event.clientX));
    }
  });
  const release = (event: PointerEvent) => {
    if (!pointers.delete(event.pointerId)) return;
    if (event.type === 'pointerup' && pointers.size === 0 && moved <= CLICK_PX) view.jump(tracks.timeAt(event.clientX));
  };
  list.addEventListener('pointerup', release);
  list.addEventListener('pointercancel', release);
  list.addEventListener('pointerleave', () => view.setHover(null));

  drag(ruler, (event) => view.jump(tracks.timeAt(event.clientX)));
  drag(overview, (event) => {
    const t = tracks.overviewTimeAt(event.clientX);
    if (view.span >= view.end) view.jump(t);
    else view.pan(t - (view.from + view.to) / 2);
  });
}

/** Whether an event is right of the labels and axes. */
function isOnPlot({ target, clientX }: PointerEvent): boolean {
  const plot = target instanceof Element ? target.closest('.plot') : null;
  return plot !== null && clientX >= plot.getBoundingClientRect().left + LEFT;
}

function drag(element: HTMLElement, at: (event: PointerEvent) => void): void {
  element.addEventListener('pointerdown', (event) => {
    element.setPointerCapture(event.pointerId);
    at(event);
  });
  element.addEventListener('pointermove', (event) => {
    if (element.hasPointerCapture(event.pointerId)) at(event);
  });
}
