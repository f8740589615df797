/**
 * Units of OPC UA (OPC 10000-8, 5.6.4): the common codes of UN/ECE Recommendation 20, as numbers. The table has only pairs
 * that mean exactly the same unit.
 */
import { unitOf } from '../../units/index.ts';

export const UNECE = 'http://www.opcfoundation.org/UA/units/un/cefact';

/** UCUM code, common code. */
export const COMMON_CODES: readonly (readonly [ucum: string, code: string])[] = [
  ['Cel', 'CEL'],
  ['[degF]', 'FAH'],
  ['K', 'KEL'],
  ['%', 'P1'],
  ['m', 'MTR'],
  ['km', 'KMT'],
  ['cm', 'CMT'],
  ['mm', 'MMT'],
  ['um', '4H'],
  ['nm', 'C45'],
  ['[in_i]', 'INH'],
  ['[ft_i]', 'FOT'],
  ['m2', 'MTK'],
  ['cm2', 'CMK'],
  ['mm2', 'MMK'],
  ['m3', 'MTQ'],
  ['L', 'LTR'],
  ['mL', 'MLT'],
  ['s', 'SEC'],
  ['ms', 'C26'],
  ['us', 'B98'],
  ['ns', 'C47'],
  ['min', 'MIN'],
  ['h', 'HUR'],
  ['d', 'DAY'],
  ['Hz', 'HTZ'],
  ['kHz', 'KHZ'],
  ['MHz', 'MHZ'],
  ['GHz', 'A86'],
  ['{rev}/min', 'RPM'],
  ['m/s', 'MTS'],
  ['mm/s', 'C16'],
  ['km/h', 'KMH'],
  ['m/s2', 'MSK'],
  ['kg', 'KGM'],
  ['g', 'GRM'],
  ['mg', 'MGM'],
  ['t', 'TNE'],
  ['[lb_av]', 'LBR'],
  ['N', 'NEW'],
  ['kN', 'B47'],
  ['N.m', 'NU'],
  ['Pa', 'PAL'],
  ['hPa', 'A97'],
  ['kPa', 'KPA'],
  ['MPa', 'MPA'],
  ['bar', 'BAR'],
  ['mbar', 'MBR'],
  ['atm', 'ATM'],
  ['V', 'VLT'],
  ['mV', '2Z'],
  ['kV', 'KVT'],
  ['A', 'AMP'],
  ['mA', '4K'],
  ['Ohm', 'OHM'],
  ['W', 'WTT'],
  ['kW', 'KWT'],
  ['MW', 'MAW'],
  ['J', 'JOU'],
  ['kJ', 'KJO'],
  ['W.h', 'WHR'],
  ['kW.h', 'KWH'],
  ['lx', 'LUX'],
  ['m3/h', 'MQH'],
  ['m3/s', 'MQS'],
  ['L/min', 'L2'],
  ['kg/s', 'KGS'],
  ['kg/h', 'E93'],
  ['deg', 'DD'],
  ['rad', 'C81'],
  ['mol', 'C34'],
  ['1', 'C62'],
];

/** The number of a common code: its characters as a big-endian integer. */
export function unitId(code: string): number {
  return [...code].reduce((id, char) => id * 256 + char.charCodeAt(0), 0);
}

const BY_ID = new Map(COMMON_CODES.map((row) => [unitId(row[1]), row]));

/** The UCUM code of an EUInformation, by its common code or by what it displays; empty if there is none. */
export function ucumOf(information: unknown): string {
  if (typeof information !== 'object' || information === null) return '';
  const { namespaceUri, unitId: id, displayName } = information as Record<string, unknown>;
  const row = namespaceUri === UNECE && typeof id === 'number' ? BY_ID.get(id) : undefined;
  if (row !== undefined) return row[0];
  const text = (displayName as { text?: unknown } | null | undefined)?.text;
  return typeof text === 'string' && text.length <= 64 ? unitOf(text) : '';
}
