/** Controlled keys of tags: what their values may be. A tag with any other key is free. */
import { MoteError } from '../../base/index.ts';
import { loadUnits, unitOf } from '../units/index.ts';
import type { TagCheck } from './tables.ts';
import { TERMS } from './terms.ts';

/** One spelling of one thing, also of what no ontology has. */
const TERM = /^[a-z0-9][a-z0-9_.-]{0,63}$/;

/** Returns the check of values of controlled keys. Without the package of units, a `unit` is refused with what installs it. */
export async function tagChecks(): Promise<TagCheck> {
  const unit = await unitCheck();
  return (key, value) => {
    if (key === 'unit') return unit(value);
    if (!Object.hasOwn(TERMS, key) || TERM.test(value)) return null;
    const known = value.toLowerCase().replace(/[^a-z0-9.]+/g, '_');
    const hint = TERM.test(known) ? `, such as "${known}"` : '';
    return `the ${key} ${JSON.stringify(value)} is not written in lower case with "_" between words${hint}`;
  };
}

async function unitCheck(): Promise<(value: string) => string | null> {
  try {
    const units = await loadUnits();
    return (value) => {
      // Whether it can be converted doesn't matter; a code that is none can't.
      if (units.conversion(value, '1') !== 'unknown') return null;
      const meant = unitOf(value);
      const hint = meant !== '' && units.conversion(meant, '1') !== 'unknown' ? `; "${meant}" is one` : '';
      return `the unit ${JSON.stringify(value)} is no code of UCUM${hint}`;
    };
  } catch (cause) {
    if (!(cause instanceof MoteError)) throw cause;
    return () => cause.message;
  }
}
