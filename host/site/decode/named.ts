/** Series that their format names: what a description knows of each, and the default of the others. */
import { unitOf } from '../units/index.ts';
import type { NamedOptions } from './description.ts';
import { DEFAULT_EXPONENT } from './limits.ts';

export interface NamedSeries {
  /** Of the description; undefined: that of the message. */
  readonly unit: string | undefined;
  readonly exponent: number;
  readonly event: boolean;
}

/** Returns what is known of the series of a name. `integer`: the format declares its values to be integers. */
export function namedSeries({ series = [], exponent = DEFAULT_EXPONENT }: NamedOptions) {
  const known = new Map(series.map((option) => [option.name, option]));
  const others: NamedSeries = { unit: undefined, exponent, event: false };
  const integers: NamedSeries = { unit: undefined, exponent: 0, event: false };
  const listed = new Map<string, readonly [NamedSeries, NamedSeries]>();
  for (const option of known.values()) {
    const unit = option.unit === undefined ? undefined : unitOf(option.unit);
    const event = option.event ?? false;
    listed.set(option.name, [
      { unit, event, exponent: option.exponent ?? exponent },
      { unit, event, exponent: option.exponent ?? 0 },
    ]);
  }
  return (name: string, integer: boolean): NamedSeries => {
    const found = listed.get(name);
    if (found !== undefined) return found[integer ? 1 : 0];
    return integer ? integers : others;
  };
}
