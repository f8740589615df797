/** What goes wrong in a plant: defects of machines that grow, and faults of sensors. */

export const MACHINE_FAULTS = [
  'bearing.outer',
  'bearing.inner',
  'bearing.ball',
  'bearing.cage',
  'imbalance',
  'misalignment',
  'cooling',
] as const;
export const SENSOR_FAULTS = ['sensor.stuck', 'sensor.drift', 'sensor.dropout', 'sensor.saturation'] as const;
export const SENSOR_NAMES = ['accelerometer', 'temperature', 'current'] as const;

export type MachineFault = (typeof MACHINE_FAULTS)[number];
export type SensorFault = (typeof SENSOR_FAULTS)[number];
export type SensorName = (typeof SENSOR_NAMES)[number];

/** A defect or a fault from `fromS` to `toS` in seconds since the plant's start; it is repaired then. */
export interface Fault {
  readonly machine: string;
  readonly what: MachineFault | SensorFault;
  /** Which one, for a fault of a sensor. */
  readonly sensor?: SensorName;
  readonly fromS: number;
  readonly toS: number;
  /** At the end: 0 < severity <= 1. */
  readonly severity: number;
}

export const isSensorFault = (what: Fault['what']): what is SensorFault => what.startsWith('sensor.');

/** Faults that are there at once, at their full severity. */
const SUDDEN: ReadonlySet<Fault['what']> = new Set(['sensor.stuck', 'sensor.dropout', 'sensor.saturation', 'cooling']);

/**
 * Severity at a time, 0 .. 1. A defect of a machine grows with the third power of its age, so that it is small for most
 * of its life, as cracks are that grow by the law of P. Paris and F. Erdogan (1963); the gain of a sensor drifts evenly.
 */
export function severityAt({ what, fromS, toS, severity }: Fault, timeS: number): number {
  if (timeS < fromS || timeS >= toS) return 0;
  if (SUDDEN.has(what)) return severity;
  const age = (timeS - fromS) / (toS - fromS);
  return severity * (what === 'sensor.drift' ? age : age * age * age);
}

/** One line of the truth: from `fromS` to `toS` the severity is at most `severity`. */
export interface TruthSpan {
  readonly fromS: number;
  readonly toS: number;
  readonly severity: number;
}

const LEVELS = 10;

/** The life of a fault in steps of a tenth of its severity; one step for a fault that is there at once. */
export function spans(fault: Fault): TruthSpan[] {
  const { what, fromS, toS, severity } = fault;
  if (SUDDEN.has(what)) return [{ fromS, toS, severity }];
  const found: TruthSpan[] = [];
  let from = fromS;
  for (let level = 1; level <= LEVELS; level++) {
    const share = level / LEVELS;
    const to =
      level === LEVELS ? toS : Math.round(fromS + (toS - fromS) * (what === 'sensor.drift' ? share : cubeRoot(share)));
    if (to > from) found.push({ fromS: from, toS: to, severity: Math.round(severity * share * 1000) / 1000 });
    from = Math.max(from, to);
  }
  return found;
}

/** By Newton's method, because the bits of `Math.cbrt` differ between engines; 0 < x <= 1. */
function cubeRoot(x: number): number {
  let root = 1;
  for (let i = 0; i < 40; i++) root = (2 * root + x / (root * root)) / 3;
  return root;
}
