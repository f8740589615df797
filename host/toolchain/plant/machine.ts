/**
 * A machine: when it runs, how fast, at which load, how warm it gets. Time is in seconds since the plant's start and
 * cut into pieces of ten minutes; everything is a function of the time, so any moment can be computed alone.
 *
 * A piece begins with the shaft at angle 0: the speed is adjusted so that a piece has a whole number of turns, by less
 * than a thousandth of 1 Hz. So the angle at a time follows from its piece alone, without adding up what was before.
 */
import { type BearingFrequencies, type BearingGeometry, bearingFrequencies } from './bearing.ts';
import { type Fault, isSensorFault, type MachineFault, severityAt } from './faults.ts';
import { exponential, hashText, sine, unit, wander } from './math.ts';

export const PIECE_S = 600;
const DAY_S = 86_400;

export type MachineKind = 'pump' | 'fan' | 'press';

/** What machines of one kind have in common. Accelerations in mg (1/1000 of standard gravity). */
export interface KindData {
  /** Shaft speed without load, Hz, and the share that is lost at full load (slip of an induction motor). */
  readonly syncHz: number;
  readonly slip: number;
  readonly ratedA: number;
  readonly idleA: number;
  /** Seconds from standstill to speed, and back. */
  readonly startS: number;
  readonly stopS: number;
  /** Blades of the wheel; 0: none. */
  readonly blades: number;
  /** Strokes a second; 0: none. */
  readonly strokeHz: number;
  /** Temperature of the housing above that of the hall at full load, in degrees. */
  readonly riseC: number;
  readonly imbalanceMg: number;
  readonly misalignmentMg: number;
  readonly bladeMg: number;
  readonly strokeMg: number;
  readonly noiseMg: number;
  readonly load: 'demand' | 'season' | 'shifts';
}

export const KINDS: Readonly<Record<MachineKind, KindData>> = {
  pump: {
    syncHz: 25,
    slip: 0.027,
    ratedA: 21.5,
    idleA: 8.6,
    startS: 4,
    stopS: 9,
    blades: 6,
    strokeHz: 0,
    riseC: 34,
    imbalanceMg: 24,
    misalignmentMg: 8,
    bladeMg: 18,
    strokeMg: 0,
    noiseMg: 14,
    load: 'demand',
  },
  fan: {
    syncHz: 50 / 3,
    slip: 0.022,
    ratedA: 29,
    idleA: 12.5,
    startS: 11,
    stopS: 60,
    blades: 9,
    strokeHz: 0,
    riseC: 28,
    imbalanceMg: 18,
    misalignmentMg: 5,
    bladeMg: 12,
    strokeMg: 0,
    noiseMg: 10,
    load: 'season',
  },
  press: {
    syncHz: 25,
    slip: 0.035,
    ratedA: 54,
    idleA: 19,
    startS: 7,
    stopS: 20,
    blades: 0,
    strokeHz: 0.5,
    riseC: 42,
    imbalanceMg: 30,
    misalignmentMg: 10,
    bladeMg: 0,
    strokeMg: 380,
    noiseMg: 18,
    load: 'shifts',
  },
};

export interface MachineOptions {
  readonly name: string;
  readonly kind: MachineKind;
  /** Of the plant; the machine's own seed follows from it and the name. */
  readonly seed: number;
  /** UTC at the plant's start, in milliseconds: the hour, the day of the week and the season follow from it. */
  readonly startMs: number;
  readonly bearing: BearingGeometry;
  readonly faults: readonly Fault[];
}

/** Ten minutes of a machine. */
export interface Piece {
  readonly index: number;
  readonly on: boolean;
  /** The machine starts at the beginning of this piece, or stops at its end. */
  readonly starts: boolean;
  readonly stops: boolean;
  /** At the beginning and the end. */
  readonly load: readonly [number, number];
  /** Shaft speed at the beginning and the end, adjusted, Hz; ramps come on top. */
  readonly hz: readonly [number, number];
  /** Temperature of the housing at the beginning and the end, degrees Celsius. */
  readonly temperature: readonly [number, number];
  /** Severity in the middle of the piece, by defect; absent: none. */
  readonly severities: Partial<Record<MachineFault, number>>;
}

/** Time constant of the housing's temperature: 40 minutes. */
const COOLING = exponential(-PIECE_S / 2400);
/** After so many pieces less than 0.3 % of a warm-up is left. */
const MEMORY_PIECES = 24;

export class Machine {
  readonly name: string;
  readonly kind: KindData;
  readonly seed: number;
  readonly frequencies: BearingFrequencies;
  /** Resonance of the housing, which impacts excite; it differs by machine. */
  readonly resonanceHz: number;
  readonly startMs: number;
  readonly #defects: readonly Fault[];
  readonly sensorFaults: readonly Fault[];
  #piece: Piece | null = null;

  constructor({ name, kind, seed, startMs, bearing, faults }: MachineOptions) {
    this.name = name;
    this.kind = KINDS[kind];
    this.seed = hashText(seed, name);
    this.frequencies = bearingFrequencies(bearing);
    this.resonanceHz = 1900 + 500 * unit(this.seed, 1);
    this.startMs = startMs;
    this.#defects = faults.filter(({ what }) => !isSensorFault(what));
    this.sensorFaults = faults.filter(({ what }) => isSensorFault(what));
  }

  /** The piece that holds a time; the last one is kept. */
  pieceAt(timeS: number): Piece {
    const index = Math.floor(timeS / PIECE_S);
    if (this.#piece?.index !== index) this.#piece = this.#makePiece(index);
    return this.#piece;
  }

  #makePiece(index: number): Piece {
    const on = this.isOn(index);
    const starts = on && !this.isOn(index - 1);
    const stops = on && !this.isOn(index + 1);
    const load: [number, number] = on ? [this.#load(index), this.#load(index + 1)] : [0, 0];
    const severities: Partial<Record<MachineFault, number>> = {};
    for (const fault of this.#defects) {
      const severity = severityAt(fault, (index + 0.5) * PIECE_S);
      const what = fault.what as MachineFault;
      if (severity > 0) severities[what] = Math.max(severity, severities[what] ?? 0);
    }
    const { syncHz, slip } = this.kind;
    const hz: [number, number] = on ? [syncHz * (1 - slip * load[0]), syncHz * (1 - slip * load[1])] : [0, 0];
    const piece = { index, on, starts, stops, load, hz, severities };
    if (on) {
      const total = turnsIn(piece, this.kind, PIECE_S);
      const adjusted = Math.round(total) / total;
      hz[0] *= adjusted;
      hz[1] *= adjusted;
    }
    return { ...piece, temperature: [this.#housing(index), this.#housing(index + 1)] };
  }

  /** Whether the machine is switched on in a piece. */
  isOn(index: number): boolean {
    // One piece in 400 is a stop that nobody planned.
    if (hashStop(this.seed, index)) return false;
    if (this.kind.load !== 'shifts') return true;
    const { weekday, hour } = this.#calendar(index);
    return weekday < 5 && hour >= 6 && hour < 22;
  }

  /** Load at the beginning of a piece, 0.05 .. 1. */
  #load(index: number): number {
    const { hour, year } = this.#calendar(index);
    const noise = 0.06 * wander(this.seed, index / 3) + 0.05 * wander(this.seed + 1, index / 40);
    let load: number;
    switch (this.kind.load) {
      case 'demand':
        // Water is drawn in the morning and in the evening.
        load = 0.62 + 0.14 * sine(hour / 24 - 0.3) + 0.09 * sine(hour / 12 - 0.35);
        break;
      case 'season':
        load = 0.58 + 0.16 * sine(year - 0.3) + 0.1 * sine(hour / 24 - 0.375);
        break;
      default:
        load = isBreak(hour) ? 0.12 : 0.74;
    }
    return Math.min(1, Math.max(0.05, load + noise));
  }

  /** Degrees Celsius in the hall: season, day and weather, damped by the building. */
  ambientC(index: number): number {
    const { hour, year } = this.#calendar(index);
    const day = (index * PIECE_S) / DAY_S;
    const outdoor = 10 + 9 * sine(year - 0.3) + 4 * sine(hour / 24 - 0.375) + 3.5 * wander(7, day / 2);
    return 20 + 0.4 * (outdoor - 10);
  }

  /** Temperature of the housing at the beginning of a piece. Losses grow with the square of the load. */
  #housing(index: number): number {
    let rise = 0;
    let weight = 1 - COOLING;
    for (let i = 1; i <= MEMORY_PIECES; i++, weight *= COOLING) {
      const at = index - i;
      if (!this.isOn(at)) continue;
      const load = this.#load(at);
      rise += weight * (0.25 + 0.75 * load * load) * this.#heat((at + 0.5) * PIECE_S);
    }
    return this.ambientC(index) + this.kind.riseC * rise;
  }

  /** Factor on the heat: defects of bearings add friction, blocked cooling keeps it. */
  #heat(timeS: number): number {
    let factor = 1;
    for (const fault of this.#defects) {
      const severity = severityAt(fault, timeS);
      if (fault.what === 'cooling') factor += 0.8 * severity;
      else if (fault.what.startsWith('bearing.')) factor += 0.5 * severity;
    }
    return factor;
  }

  #calendar(index: number): { weekday: number; hour: number; year: number } {
    const seconds = this.startMs / 1000 + index * PIECE_S;
    const days = Math.floor(seconds / DAY_S);
    // 1970 began on a Thursday; Monday is 0.
    return { weekday: (days + 3) % 7, hour: (seconds - days * DAY_S) / 3600, year: (days / 365.2425) % 1 };
  }
}

/** Half an hour in the middle of each of two shifts. */
const isBreak = (hour: number): boolean => (hour >= 10 && hour < 10.5) || (hour >= 18 && hour < 18.5);

const hashStop = (seed: number, index: number): boolean => unit(seed ^ 0x5107, index) < 1 / 400;

type Motion = Pick<Piece, 'on' | 'starts' | 'stops' | 'hz'>;

/** Shaft speed in Hz, `tau` seconds after the beginning of a piece. */
export function speedIn({ on, starts, stops, hz: [from, to] }: Motion, kind: KindData, tau: number): number {
  if (!on) return 0;
  const up = starts ? kind.startS : 0;
  const down = PIECE_S - (stops ? kind.stopS : 0);
  if (tau < up) return (from * tau) / up;
  if (tau >= down) return tau >= PIECE_S ? to : (to * (PIECE_S - tau)) / kind.stopS;
  return from + ((to - from) * (tau - up)) / (down - up);
}

/** Turns of the shaft in the first `tau` seconds of a piece: the integral of `speedIn`. */
export function turnsIn({ on, starts, stops, hz: [from, to] }: Motion, kind: KindData, tau: number): number {
  if (!on) return 0;
  const up = starts ? kind.startS : 0;
  const down = PIECE_S - (stops ? kind.stopS : 0);
  const a = Math.min(tau, up);
  let turns = up > 0 ? (from * a * a) / (2 * up) : 0;
  if (tau <= up) return turns;
  const b = Math.min(tau, down) - up;
  turns += from * b + ((to - from) * b * b) / (2 * (down - up));
  if (tau <= down) return turns;
  if (!stops) return turns + to * (tau - down);
  const c = Math.min(tau, PIECE_S) - down;
  return turns + to * c - (to * c * c) / (2 * kind.stopS);
}
