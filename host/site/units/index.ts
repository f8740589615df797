/** Units of measurement: UCUM codes of what people write. */
export { KNOWN_CODES, knownUnit, unitOf } from './spelling.ts';
