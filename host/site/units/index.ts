/** Units of measurement: UCUM codes of what people write, and conversion of values between them. */
export { type Conversion, convert, loadUnits, type UnitFault, type Units } from './convert.ts';
export { KNOWN_CODES, knownUnit, unitOf } from './spelling.ts';
