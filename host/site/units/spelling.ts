/**
 * Units as people write them, as codes of UCUM (case sensitive). SenML's symbols are from RFC 8428, section 12.1, and
 * RFC 8798. A test checks each code with another implementation of UCUM.
 */

/** By code: the other spellings that mean it. */
const SPELLINGS: { readonly [code: string]: readonly string[] } = {
  Cel: ['°C', '℃', 'ºC', 'degC', 'deg_C', 'deg C', 'celsius', 'Celsius', 'degree_celsius', 'degrees_celsius'],
  '[degF]': ['°F', '℉', 'degF', 'deg_F', 'deg F', 'fahrenheit', 'Fahrenheit'],
  K: ['kelvin', 'Kelvin'],
  '%': ['percent', 'pct', '%EL'],
  '%{RH}': ['%RH', '% RH', '%rH', '%r.H.', '%rF'],
  '[ppth]': ['‰'],
  '[ppm]': ['ppm', 'PPM'],
  '[ppb]': ['ppb', 'PPB'],
  '1': ['/', 'ratio'],
  m: ['meter', 'metre', 'meters', 'metres'],
  km: [],
  cm: [],
  mm: ['millimeter', 'millimetre'],
  um: ['µm', 'μm', 'micrometer'],
  nm: [],
  '[in_i]': ['in', 'inch', 'inches', '"'],
  '[ft_i]': ['ft', 'foot', 'feet'],
  '[mi_i]': ['mile', 'miles'],
  m2: ['m²', 'm^2', 'sqm'],
  m3: ['m³', 'm^3', 'cbm'],
  L: ['l', 'liter', 'litre', 'liters', 'litres'],
  mL: ['ml'],
  '[gal_us]': ['gal', 'gallon', 'gallons'],
  s: ['sec', 'second', 'seconds'],
  ms: ['millisecond', 'milliseconds', 'msec'],
  us: ['µs', 'μs', 'usec', 'microseconds'],
  ns: [],
  min: ['minute', 'minutes'],
  h: ['hr', 'hour', 'hours'],
  d: ['day', 'days'],
  Hz: ['hertz', 'hz'],
  kHz: ['khz'],
  MHz: [],
  GHz: [],
  '{rev}/min': ['rpm', 'RPM', 'r/min', 'U/min'],
  '/s': ['1/s', 's-1'],
  '/min': ['1/min', 'min-1'],
  '/h': ['1/h'],
  '{beat}/min': ['beat/min', 'bpm'],
  'm/s': ['mps', 'm_s', 'm s-1'],
  'mm/s': ['mm_s'],
  'km/h': ['kmh', 'kph', 'km_h'],
  '[mi_i]/h': ['mph'],
  '[kn_i]': ['kn', 'knot', 'knots', 'kt'],
  'm/s2': ['m/s²', 'm/s^2', 'm/s/s', 'ms2'],
  '[g]': ['gravity'],
  mm2: ['mm²', 'mm^2'],
  cm2: ['cm²', 'cm^2'],
  g: ['gram', 'grams'],
  kg: ['kilogram', 'kilograms', 'Kg', 'KG'],
  mg: [],
  t: ['tonne', 'tonnes'],
  '[lb_av]': ['lb', 'lbs', 'pound', 'pounds'],
  N: ['newton'],
  kN: [],
  'N.m': ['Nm', 'N·m', 'N*m'],
  Pa: ['pascal', 'Pascal', 'pa'],
  hPa: ['hpa'],
  kPa: ['kpa', 'KPa'],
  MPa: [],
  bar: ['Bar', 'BAR'],
  mbar: [],
  '[psi]': ['psi', 'PSI'],
  atm: [],
  'mm[Hg]': ['mmHg'],
  V: ['volt', 'volts', 'Volt'],
  mV: ['millivolt', 'millivolts'],
  kV: [],
  A: ['amp', 'amps', 'ampere', 'Amp'],
  mA: ['milliamp'],
  uA: ['µA', 'μA'],
  W: ['watt', 'watts', 'Watt'],
  kW: ['kw', 'KW'],
  MW: [],
  mW: [],
  'V.A': ['VA', 'V·A'],
  'kV.A': ['kVA'],
  'V.A{reactive}': ['var', 'VAr', 'VAR'],
  'kV.A{reactive}': ['kvar', 'kVAr', 'kVAR'],
  J: ['joule', 'joules'],
  kJ: [],
  MJ: [],
  'W.h': ['Wh', 'wh'],
  'kW.h': ['kWh', 'kwh', 'KWH', 'KWh'],
  'MW.h': ['MWh'],
  C: ['coulomb'],
  'A.h': ['Ah'],
  'mA.h': ['mAh'],
  F: ['farad'],
  uF: ['µF', 'μF'],
  Ohm: ['Ω', 'Ω', 'ohm', 'ohms'],
  kOhm: ['kΩ', 'kΩ', 'kohm'],
  MOhm: ['MΩ', 'MΩ'],
  S: ['siemens'],
  'uS/cm': ['µS/cm', 'μS/cm'],
  'mS/cm': [],
  'S/m': [],
  T: ['tesla'],
  mT: [],
  uT: ['µT', 'μT'],
  Wb: [],
  H: ['henry'],
  lx: ['lux', 'Lux'],
  lm: ['lumen'],
  cd: ['candela'],
  'cd/m2': ['cd/m²'],
  'W/m2': ['W/m²', 'W/m^2'],
  mol: [],
  '[pH]': ['pH', 'ph'],
  dB: ['db'],
  'dB{A}': ['dBA', 'dB(A)', 'dbA'],
  'dB{mW}': ['dBm', 'dbm'],
  'dB[W]': ['dBW'],
  'B[SPL]': ['Bspl'],
  'm3/h': ['m³/h', 'm^3/h', 'cbm/h', 'cmh'],
  'm3/s': ['m³/s', 'm^3/s'],
  'L/min': ['l/min', 'lpm', 'LPM', 'L_min'],
  'L/s': ['l/s'],
  'L/h': ['l/h'],
  '[gal_us]/min': ['gpm', 'GPM'],
  'kg/m3': ['kg/m³', 'kg/m^3'],
  'g/m3': ['g/m³', 'g/m^3'],
  'mg/m3': ['mg/m³', 'mg/m^3'],
  'ug/m3': ['µg/m³', 'μg/m³', 'ug/m^3', 'µg/m3', 'μg/m3', 'ug/m³'],
  'mg/L': ['mg/l'],
  'kg/h': [],
  'kg/s': [],
  'g/L': ['g/l'],
  deg: ['°', 'º', 'degree', 'degrees', 'lat', 'lon'],
  rad: ['radian', 'radians'],
  'deg/s': ['°/s', 'dps'],
  'rad/s': [],
  sr: [],
  bit: ['bits'],
  By: ['B', 'byte', 'bytes', 'Byte'],
  kBy: ['kB', 'KB'],
  KiBy: ['KiB'],
  MiBy: ['MiB'],
  GiBy: ['GiB'],
  MBy: ['MB'],
  GBy: ['GB'],
  'bit/s': ['bps', 'bit_s'],
  '{count}': ['count', 'counts', 'pcs', 'Stk', 'pieces', 'items'],
  Bq: [],
  Gy: [],
  Sv: [],
  kat: [],
};

const codes: ReadonlyMap<string, string> = new Map(
  Object.entries(SPELLINGS).flatMap(([code, others]) => [code, ...others].map((text) => [text, code])),
);

/** All codes that spellings are read as. */
export const KNOWN_CODES: readonly string[] = Object.keys(SPELLINGS);

/** The UCUM code of a common spelling, and of a code itself; null for any other text. */
export function knownUnit(text: string): string | null {
  return codes.get(text) ?? codes.get(text.trim()) ?? null;
}

/** Characters of a UCUM code (UCUM, section 2): ASCII without spaces and quotes. */
const ANNOTATION = /^[!-z|~]+$/;

/**
 * The unit of a series from what a message or a person wrote: the UCUM code of a known spelling; any other ASCII text
 * as an annotation, `{text}`, which UCUM reads as "a number of text"; and of all else the empty text, which means that
 * the unit is unknown. A text that may be a UCUM code with an annotation or a bracket stays as it is.
 */
export function unitOf(text: string): string {
  // A code is never that long; who keeps units rejects it.
  if (text.length > 64) return text;
  const trimmed = text.trim();
  if (trimmed === '') return '';
  const known = knownUnit(trimmed);
  if (known !== null) return known;
  if (/[{}[\]]/.test(trimmed)) return /^[!-~]+$/.test(trimmed) ? trimmed : '';
  const parts = trimmed.split(/([./])/);
  if (parts.length >= 3 && parts.length <= 7) {
    const read = parts.map((part) => (part === '.' || part === '/' ? part : knownUnit(part)));
    if (!read.includes(null)) return read.join('');
  }
  return ANNOTATION.test(trimmed) ? `{${trimmed}}` : '';
}
