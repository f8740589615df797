/**
 * Rolling bearings: frequencies of defects by geometry, with pure rolling, an outer ring that stands and an inner ring
 * that turns. Source: R. B. Randall, J. Antoni, "Rolling element bearing diagnostics: a tutorial", Mechanical Systems
 * and Signal Processing 25, 2011, equations 1 to 4.
 */
import { MoteError } from '../../base/index.ts';
import { cosine } from './math.ts';

export interface BearingGeometry {
  /** Number of rolling elements in a row. */
  readonly balls: number;
  /** Diameters of a rolling element and of the circle through their centres, in the same unit. */
  readonly ball: number;
  readonly pitch: number;
  /** Contact angle in degrees; default 0. */
  readonly contactDeg?: number;
}

/** In multiples of the shaft's speed. */
export interface BearingFrequencies {
  /** Ball pass frequency of the outer race. */
  readonly bpfo: number;
  /** Ball pass frequency of the inner race. */
  readonly bpfi: number;
  /** Ball spin frequency. A defect of a ball hits a race twice a spin. */
  readonly bsf: number;
  /** Fundamental train frequency: the speed of the cage. */
  readonly ftf: number;
}

/**
 * Geometries that are published with measurements: the two bearings of the data of Case Western Reserve University's
 * bearing data center, and the one of the run-to-failure data of the University of Cincinnati (IMS), in inches.
 */
export const BEARINGS: Readonly<Record<string, BearingGeometry>> = {
  'SKF 6205-2RS': { balls: 9, ball: 0.3126, pitch: 1.537 },
  'SKF 6203-2RS': { balls: 8, ball: 0.2656, pitch: 1.122 },
  'Rexnord ZA-2115': { balls: 16, ball: 0.331, pitch: 2.815, contactDeg: 15.17 },
};

/** Throws `PLANT` for a geometry that can't exist. */
export function bearingFrequencies({ balls, ball, pitch, contactDeg = 0 }: BearingGeometry): BearingFrequencies {
  if (!(Number.isInteger(balls) && balls >= 3 && ball > 0 && pitch > ball && contactDeg >= 0 && contactDeg < 90)) {
    throw new MoteError(
      'PLANT',
      `A bearing with ${balls} balls of ${ball} on a circle of ${pitch} at ${contactDeg} degrees is not possible: use at least 3 balls, a circle larger than a ball, and 0 to 90 degrees.`,
    );
  }
  const ratio = (ball / pitch) * cosine(contactDeg / 360);
  return {
    bpfo: (balls / 2) * (1 - ratio),
    bpfi: (balls / 2) * (1 + ratio),
    bsf: (pitch / (2 * ball)) * (1 - ratio * ratio),
    ftf: (1 - ratio) / 2,
  };
}

/**
 * Relative load of a rolling element at an angle (in turns) from the direction of the load, for half of the ring
 * loaded: cos(angle)^1.5, 0 outside. Source: T. A. Harris, "Rolling Bearing Analysis", load distribution of ball
 * bearings with zero clearance (Stribeck).
 */
export function loadZone(turns: number): number {
  const c = cosine(turns);
  return c <= 0 ? 0 : c * Math.sqrt(c);
}
