/** What the generators of all languages ask about constants, and how the docs write their values. */
import { upper } from './text.mjs';

/** Groups of constants that a language has. */
export const groupsFor = ({ groups }, language) =>
  Object.entries(groups).filter(([, { languages }]) => languages.includes(language));

/** Values of an enumeration with their numbers. */
export const numbered = ({ first, values }) => values.map((value, i) => [value, first + i]);

/** What the names of an enumeration's values begin with in C: `SLOT_` for `slot_state`. */
export const prefixOf = (name) => `${upper(name).replace(/_[^_]+$/, '')}_`;

const KIB = 1024;

function bytes(value) {
  if (value >= KIB * KIB && value % (KIB * KIB) === 0) return `${value / (KIB * KIB)} MiB`;
  if (value > 4 * KIB && value % KIB === 0) return `${value / KIB} KiB`;
  return `${value} bytes`;
}

const time = (us) => (us >= 1_000_000 ? `${us / 1_000_000} s` : us >= 1000 ? `${us / 1000} ms` : `${us} µs`);

/** A value as the docs write it, with the unit that its name ends with. */
export function valueText(name, value) {
  if (name.endsWith('_bytes')) return bytes(value);
  if (name.endsWith('_us')) return time(value);
  if (name.endsWith('_ms')) return time(1000 * value);
  if (name.endsWith('_s')) return time(1_000_000 * value);
  return value < 10_000 ? `${value}` : value.toLocaleString('en');
}

/** Placeholders `{group.name}` of a text, as pairs. */
export const placeholders = (text) => [...text.matchAll(/\{([a-z0-9_]+)\.([a-z0-9_]+)\}/g)].map(([, g, n]) => [g, n]);

/** The text with the value of each placeholder. */
export const filled = (text, { groups }) =>
  text.replace(/\{([a-z0-9_]+)\.([a-z0-9_]+)\}/g, (_, group, name) =>
    valueText(name, groups[group].constants[name].value),
  );
