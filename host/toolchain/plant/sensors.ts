/** Sensors on a machine as sources of a node: raw int16 samples, with the faults that a sensor can have. */
import type { SensorSource } from '../../device/node/index.ts';
import { Accelerometer } from './accelerometer.ts';
import { type Fault, type SensorName, severityAt } from './faults.ts';
import { type Machine, PIECE_S, speedIn } from './machine.ts';
import { exponential, gauss, hash, unit } from './math.ts';

/** Unit of one step of a raw sample, and what the sensor measures at most, in these steps. */
export const SENSORS: Readonly<Record<SensorName, { unit: string; exponent: number; fullScale: number }>> = {
  accelerometer: { unit: 'm[g]', exponent: 0, fullScale: 16_000 },
  temperature: { unit: 'Cel', exponent: -2, fullScale: 15_000 },
  current: { unit: 'A', exponent: -2, fullScale: 20_000 },
};
/** Full scale that a saturating sensor keeps at severity 0: what the machine reaches in operation. */
const USUAL: Readonly<Record<SensorName, number>> = { accelerometer: 150, temperature: 8000, current: 6000 };

/** Current while a motor starts, as a multiple of the rated one, and how fast it falls. */
const INRUSH = 6;
const INRUSH_DECAY_S = 1.4;

/** The value of a slow sensor at a time. */
function slowValue(machine: Machine, sensor: 'temperature' | 'current', timeS: number, index: number): number {
  const piece = machine.pieceAt(timeS);
  const tau = timeS - piece.index * PIECE_S;
  const share = tau / PIECE_S;
  const noise = gauss(hash(machine.seed, sensor === 'current' ? 5 : 6), index);
  if (sensor === 'temperature') {
    const [from, to] = piece.temperature;
    return 100 * (from + (to - from) * share) + 4 * noise;
  }
  const { kind } = machine;
  const running = piece.on && !(piece.stops && tau >= PIECE_S - kind.stopS);
  if (!running) return Math.max(0, noise);
  const load = piece.load[0] + (piece.load[1] - piece.load[0]) * share;
  // Magnetizing current and the current of the load are at a right angle.
  const steady = Math.sqrt(kind.idleA ** 2 + (kind.ratedA ** 2 - kind.idleA ** 2) * load * load);
  const slow = 1 - speedIn(piece, kind, tau) / kind.syncHz;
  const inrush = piece.starts ? INRUSH * kind.ratedA * exponential(-tau / INRUSH_DECAY_S) * Math.max(0, slow) : 0;
  return 100 * (steady * (1 + 0.004 * noise) + inrush);
}

const saturate = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, Math.round(value)));

/**
 * A sensor from a time of the plant on, as a node has it that starts then. The first sample is due one period later, at
 * a whole multiple of the period since the plant's start.
 *
 * @param rateHz an integer, or a divisor of one; 0.001 to 1,000,000
 */
export function sensorSource(machine: Machine, sensor: SensorName, rateHz: number, startS: number): SensorSource {
  const origin = Math.floor(startS * rateHz + 1e-6) + 1;
  const { fullScale } = SENSORS[sensor];
  const faults = machine.sensorFaults.filter((fault) => fault.sensor === sensor);
  const fast = sensor === 'accelerometer' ? new Accelerometer(machine, rateHz) : null;
  const measure = (index: number): number =>
    fast === null ? slowValue(machine, sensor as 'temperature' | 'current', index / rateHz, index) : fast.at(index);
  const faultSeed = hash(machine.seed, 8);
  return {
    rateMilliHz: Math.round(rateHz * 1000),
    channels: 1,
    length: null,
    read(index, out) {
      for (let i = 0; i < out.length; i++) {
        const at = origin + index + i;
        out[i] = saturate(measure(at), fullScale);
      }
      for (const fault of faults) {
        const severity = severityAt(fault, (origin + index) / rateHz);
        if (severity > 0) spoil(fault, severity, { out, sensor, rateHz, faultSeed, first: origin + index, measure });
      }
    },
  };
}

interface Samples {
  readonly out: Int16Array;
  readonly sensor: SensorName;
  readonly rateHz: number;
  readonly faultSeed: number;
  /** Number of the first sample. */
  readonly first: number;
  measure(index: number): number;
}

/** Seconds of a dropout: a sensor with a loose contact is away for whole spans. */
const DROPOUT_S = 0.05;

function spoil(fault: Fault, severity: number, samples: Samples): void {
  const { out, sensor, rateHz, faultSeed, first, measure } = samples;
  const { fullScale } = SENSORS[sensor];
  switch (fault.what) {
    case 'sensor.stuck':
      out.fill(saturate(measure(Math.floor(fault.fromS * rateHz)), fullScale));
      break;
    case 'sensor.drift':
      for (let i = 0; i < out.length; i++) out[i] = saturate(out[i]! * (1 + severity), fullScale);
      break;
    case 'sensor.dropout':
      for (let i = 0; i < out.length; i++) {
        const span = Math.floor((first + i) / Math.max(1, rateHz * DROPOUT_S));
        if (unit(faultSeed, span) < severity) out[i] = 0;
      }
      break;
    default: {
      const limit = Math.round(USUAL[sensor] * (1 - 0.95 * severity));
      for (let i = 0; i < out.length; i++) out[i] = saturate(out[i]!, limit);
    }
  }
}
