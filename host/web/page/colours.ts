/** Colours of the style sheet, for what is drawn on a canvas. */

export interface Colours {
  lines: string[];
  text: string;
  grid: string;
  event: string;
  accent: string;
  window: string;
  /** 256 colours from low to high, as RGB. */
  map: Uint8Array;
}

const MAP_STOPS = ['--map-0', '--map-1', '--map-2', '--map-3'];

export function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  const stops = MAP_STOPS.map((name) => rgb(of(name)));
  const map = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (stops.length - 1);
    const low = Math.min(Math.floor(at), stops.length - 2);
    for (let c = 0; c < 3; c++) map[i * 3 + c] = stops[low]![c]! + (at - low) * (stops[low + 1]![c]! - stops[low]![c]!);
  }
  return {
    lines: ['--line-0', '--line-1', '--line-2', '--line-3'].map(of),
    text: of('--muted'),
    grid: of('--grid'),
    event: of('--event'),
    accent: of('--accent'),
    window: of('--window'),
    map,
  };
}

/** `#rrggbb` as three numbers. */
function rgb(text: string): [number, number, number] {
  const value = Number.parseInt(text.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
