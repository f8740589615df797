/**
 * What an accelerometer on a bearing's housing measures, in mg (1/1000 of standard gravity), one radial axis. A pure
 * function of the sample's number, computed in blocks.
 *
 * The model: imbalance at the shaft's speed, misalignment at twice that speed, blade pass, strokes of a press, broadband
 * noise, and impacts of a defect of the bearing, each of which excites the resonance of the housing. Impacts slip by
 * about 1 % of their distance, and their strength follows the load zone where the defect moves through it. Sources: P.
 * D. McFadden, J. D. Smith, "Model for the vibration produced by a single point defect in a rolling element bearing",
 * Journal of Sound and Vibration 96, 1984; Randall and Antoni (see bearing.ts).
 */

import { loadZone } from './bearing.ts';
import type { MachineFault } from './faults.ts';
import { type Machine, PIECE_S, type Piece, speedIn, turnsIn } from './machine.ts';
import { exponential, gauss, hash, sine, unit } from './math.ts';

/** Samples that are computed together. */
export const BLOCK = 256;
/** An impact fades by e in this time; after nine times it is gone. */
const IMPACT_DECAY_S = 0.0009;
const GONE = 9;
/** Frame of a press: frequency and decay after a stroke. */
const FRAME_HZ = 63;
const FRAME_DECAY_S = 0.045;
/** Deviation of the place of an impact, as a share of the distance between two. */
const SLIP = 0.01;

interface Impacts {
  /** Impacts a turn of the shaft. */
  readonly rate: number;
  /** Peak of an impact at severity 1 and full load and speed, mg. */
  readonly mg: number;
  /** Turns of the defect through the load zone, for each turn of the shaft; 0: it stands in the load. */
  readonly zone: number;
}

function impactsOf({ frequencies: { bpfo, bpfi, bsf, ftf } }: Machine): [MachineFault, Impacts][] {
  return [
    ['bearing.outer', { rate: bpfo, mg: 2600, zone: 0 }],
    ['bearing.inner', { rate: bpfi, mg: 3000, zone: 1 }],
    ['bearing.ball', { rate: 2 * bsf, mg: 2200, zone: ftf }],
    ['bearing.cage', { rate: ftf, mg: 900, zone: 0 }],
  ];
}

export class Accelerometer {
  readonly #machine: Machine;
  readonly #rateHz: number;
  readonly #impacts: [MachineFault, Impacts][];
  readonly #out = new Float64Array(BLOCK);
  readonly #warmUp: number;
  readonly #force: Float64Array;
  /** Coefficients of the resonance as a filter with two poles. */
  readonly #a1: number;
  readonly #a2: number;
  readonly #gain: number;
  #block = -1;

  constructor(machine: Machine, rateHz: number) {
    this.#machine = machine;
    this.#rateHz = rateHz;
    this.#impacts = impactsOf(machine);
    this.#warmUp = Math.ceil(GONE * IMPACT_DECAY_S * rateHz);
    this.#force = new Float64Array(this.#warmUp + BLOCK + 1);
    // A sensor has a filter before it samples, so a resonance above its band can't fold into it: it is at the edge.
    const turns = Math.min(machine.resonanceHz / rateHz, 0.45);
    const radius = exponential(-1 / (IMPACT_DECAY_S * rateHz));
    // The filter is that of the displacement; its second difference is the acceleration, which has no constant part.
    const difference = 4 * sine(turns / 2) * sine(turns / 2);
    this.#gain = sine(turns) / difference;
    this.#a1 = 2 * radius * sine(turns + 0.25);
    this.#a2 = -radius * radius;
  }

  /** The value of sample `index`, which is measured at `index` / rate seconds since the plant's start. */
  at(index: number): number {
    const block = Math.floor(index / BLOCK);
    if (block !== this.#block) {
      this.#compute(block);
      this.#block = block;
    }
    return this.#out[index - block * BLOCK]!;
  }

  #compute(block: number): void {
    const [out, machine, rate] = [this.#out, this.#machine, this.#rateHz];
    const { kind, seed } = machine;
    const first = block * BLOCK;
    const piece = machine.pieceAt(first / rate);
    const tau = first / rate - piece.index * PIECE_S;
    const noiseSeed = hash(seed, 2);
    const speed = speedIn(piece, kind, tau) / kind.syncHz;
    const load = piece.load[0] + ((piece.load[1] - piece.load[0]) * tau) / PIECE_S;
    // The noise of the sensor itself stays when the machine stands.
    const noise = 1.5 + kind.noiseMg * speed * speed * (0.7 + 0.3 * load);
    for (let i = 0; i < BLOCK; i++) out[i] = noise * gauss(noiseSeed, first + i);
    if (piece.on) {
      this.#rotate(piece, tau, speed * speed, load);
      for (const [what, impacts] of this.#impacts) {
        const severity = piece.severities[what];
        if (severity !== undefined) this.#impact(piece, tau, impacts, severity * speed * (0.4 + 0.6 * load));
      }
      // A press waits for its speed, and makes no strokes in breaks.
      if (kind.strokeHz > 0 && load > 0.3 && speed > 0.9) this.#stroke(piece.index, tau, load);
    }
  }

  /** Adds what turns with the shaft. */
  #rotate({ severities, ...piece }: Piece, tau: number, square: number, load: number): void {
    const { kind, seed } = this.#machine;
    const { imbalance = 0, misalignment = 0 } = severities;
    const once = square * (kind.imbalanceMg * (1 + 9 * imbalance) + 40 * misalignment);
    const twice = square * (kind.misalignmentMg + 170 * misalignment) * (0.6 + 0.4 * load);
    const pass = square * kind.bladeMg * (0.5 + 0.5 * load);
    const phase = unit(seed, 3);
    const start = turnsIn(piece, kind, tau);
    const each = (turnsIn(piece, kind, tau + BLOCK / this.#rateHz) - start) / BLOCK;
    for (let i = 0; i < BLOCK; i++) {
      const turns = start + each * i;
      let value = once * sine(turns + phase) + twice * sine(2 * turns + phase);
      if (pass > 0) value += pass * sine(kind.blades * turns);
      this.#out[i]! += value;
    }
  }

  /** Adds the response of the resonance to the impacts of one defect. */
  #impact(piece: Piece, tau: number, { rate, mg, zone }: Impacts, strength: number): void {
    const [force, warmUp] = [this.#force, this.#warmUp];
    const { kind, seed } = this.#machine;
    const samples = warmUp + BLOCK;
    const end = turnsIn(piece, kind, tau + BLOCK / this.#rateHz);
    const each = (end - turnsIn(piece, kind, tau)) / BLOCK;
    if (each <= 0) return;
    const start = end - each * samples;
    const slips = hash(seed, 4, piece.index);
    force.fill(0);
    const last = Math.ceil(end * rate + 4 * SLIP);
    for (let n = Math.max(0, Math.floor(start * rate - 4 * SLIP)); n <= last; n++) {
      const turns = (n + SLIP * gauss(slips, n)) / rate;
      const at = (turns - start) / each;
      if (at < 0 || at >= samples || turns < 0) continue;
      const peak = mg * strength * (0.85 + 0.3 * unit(slips, n)) * (zone === 0 ? 1 : loadZone(turns * zone));
      const whole = Math.floor(at);
      force[whole]! += peak * (1 - (at - whole));
      force[whole + 1]! += peak * (at - whole);
    }
    let [y1, y2, x1, x2] = [0, 0, 0, 0];
    for (let i = 0; i < samples; i++) {
      const x = force[i]!;
      const y = this.#a1 * y1 + this.#a2 * y2 + this.#gain * (x - 2 * x1 + x2);
      x2 = x1;
      x1 = x;
      y2 = y1;
      y1 = y;
      if (i >= warmUp) this.#out[i - warmUp]! += y;
    }
  }

  /** Adds the frame's vibration after the strokes of a press. People feed it, so no stroke is at a fixed time. */
  #stroke(piece: number, tau: number, load: number): void {
    const { kind, seed } = this.#machine;
    const rate = this.#rateHz;
    const periodS = (0.9 + 0.2 * unit(seed, piece, 5)) / kind.strokeHz;
    const step = exponential(-1 / (FRAME_DECAY_S * rate));
    const last = Math.ceil((tau + BLOCK / rate) / periodS);
    for (let n = Math.max(0, Math.floor((tau - GONE * FRAME_DECAY_S) / periodS) - 1); n <= last; n++) {
      const afterS = tau - (n + 0.3 * unit(seed, piece, 6 + n)) * periodS;
      const from = Math.max(0, Math.ceil(-afterS * rate));
      if (from >= BLOCK || afterS > GONE * FRAME_DECAY_S) continue;
      let fade = exponential(-Math.max(0, afterS + from / rate) / FRAME_DECAY_S) * kind.strokeMg * load;
      for (let i = from; i < BLOCK; i++, fade *= step) {
        this.#out[i]! += fade * sine((afterS + i / rate) * FRAME_HZ);
      }
    }
  }
}
