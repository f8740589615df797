/**
 * The levels of an asset, from the top: the equipment levels of ISA-95 (IEC 62264-1, section 5.3), whose work cells and
 * lines stand above machines, and the parts of a machine. A tree may leave levels out.
 */
export const LEVELS = ['enterprise', 'site', 'area', 'line', 'cell', 'machine', 'component', 'point'] as const;
export type AssetLevel = (typeof LEVELS)[number];

/** 0 is the highest. */
export const levelRank = (level: AssetLevel): number => LEVELS.indexOf(level);

/** Null for a text that is no level. */
export function readLevel(text: string): AssetLevel | null {
  return LEVELS.find((level) => level === text) ?? null;
}
