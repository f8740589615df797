/** What names tell: which place holds a time, a device, a name or a unit, and which unit is in a name. */
import { knownUnit, unitOf } from '../../units/index.ts';

/** The likeliest first. Compared with names without separators, in lower case. */
export const TIME_NAMES = [
  'timestamp',
  'time',
  'ts',
  'datetime',
  'measuredat',
  'sampletime',
  'eventtime',
  'createdat',
  'date',
  'zeitstempel',
  'zeit',
  'datum',
  'timestampms',
  'timems',
  'tsms',
  'epoch',
  'utc',
  't',
];

export const DEVICE_NAMES = [
  'deviceid',
  'device',
  'deviceserial',
  'devid',
  'dev',
  'deveui',
  'nodeid',
  'node',
  'machineid',
  'machine',
  'maschine',
  'assetid',
  'asset',
  'sensorid',
  'serialnumber',
  'serial',
  'sn',
  'mac',
  'stationid',
  'station',
  'hostname',
  'host',
  'gateway',
  'source',
  'sensor',
  'id',
  'name',
];

export const SERIES_NAMES = [
  'metric',
  'measurement',
  'parameter',
  'variable',
  'signal',
  'datapoint',
  'point',
  'tag',
  'channel',
  'key',
  'name',
  'n',
  'sensor',
  'type',
];
export const VALUE_NAMES = ['value', 'val', 'v', 'reading', 'wert'];
export const UNIT_NAMES = ['unit', 'units', 'uom', 'engunit', 'einheit', 'u'];

/** Last levels of topics that name what is sent and not who sends. */
export const GENERIC_LEVELS = new Set(
  'data telemetry json state status tele sensor sensors up uplink event events measurement measurements values rx out'.split(
    ' ',
  ),
);

/** Spellings that are units at the end of a name; others, such as `_a`, number phases and axes. */
const SUFFIXES = new Set(
  `degC celsius degF fahrenheit pct percent rpm hz Hz kHz MHz mV kV V mA uA W kW MW mW kWh Wh MWh bar mbar hPa kPa Pa MPa psi
mm cm km mm_s m_s kmh ms us kg lpm ppm ppb lux lx dB dBm kVA kvar Nm kN deg Ohm`.split(/\s+/),
);
/** Letters that mean something else as codes of UCUM. */
const LETTERS: { readonly [letter: string]: string } = { C: 'Cel', F: '[degF]', K: 'K' };

/** The name without the unit in it, and the unit; empty if there is none. */
export function splitUnit(name: string): { name: string; unit: string } {
  const bracket = /^(.*\S)\s*[[(]\s*([^[\]()]{1,24})\s*[\])]$/u.exec(name);
  if (bracket !== null) {
    const known = letter(bracket[2]!) ?? knownUnit(bracket[2]!) ?? compound(bracket[2]!);
    if (known !== null) return { name: bracket[1]!, unit: known };
  }
  const suffix = /^(.{2,}?)[_ ](?:in[_ ])?([^_ ]{1,12}|mm_s|m_s)$/u.exec(name);
  if (suffix !== null) {
    const [, base, written] = suffix as unknown as [string, string, string];
    if (LETTERS[written] !== undefined) return { name: base, unit: LETTERS[written] };
    if (written === 'A' && /curr|amp|strom/i.test(base)) return { name: base, unit: 'A' };
    const known = SUFFIXES.has(written) || /[°²³µμ%]/u.test(written) ? knownUnit(written) : null;
    if (known !== null) return { name: base, unit: known };
  }
  return { name, unit: '' };
}

function letter(text: string): string | null {
  return LETTERS[text.trim()] ?? null;
}

/** A compound of known units, such as `kWh/d`. */
function compound(text: string): string | null {
  const unit = unitOf(text);
  return unit === '' || unit.startsWith('{') ? null : unit;
}
