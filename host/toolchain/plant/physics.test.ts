import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampled } from '../../base/test-form.ts';
import { Accelerometer } from './accelerometer.ts';
import { BEARINGS, bearingFrequencies } from './bearing.ts';
import { type Fault, severityAt, spans } from './faults.ts';
import { Machine, type MachineKind, PIECE_S, speedIn, turnsIn } from './machine.ts';
import { exponential, gauss, sine } from './math.ts';
import { sensorSource } from './sensors.ts';

const START_MS = Date.UTC(2026, 0, 5);
const DAY = 86_400;
const RATE = 6400;

const machine = (kind: MachineKind, faults: Omit<Fault, 'machine'>[] = [], seed = 1) =>
  new Machine({
    name: 'm',
    kind,
    seed,
    startMs: START_MS,
    bearing: BEARINGS['SKF 6205-2RS']!,
    faults: faults.map((fault) => ({ ...fault, machine: 'm' })),
  });
const fault = (what: Fault['what'], severity = 1): Omit<Fault, 'machine'> => ({ what, severity, fromS: 0, toS: DAY });

/** Samples of an accelerometer of a healthy or defective machine, at noon on the first day and so many seconds. */
function samples(of: Machine, seconds: number, fromS = DAY / 2): Float64Array {
  const sensor = new Accelerometer(of, RATE);
  return Float64Array.from({ length: seconds * RATE }, (_, i) => sensor.at(fromS * RATE + i));
}

/** Amplitude of a frequency in a signal: one bin of a discrete Fourier transform with a Hann window. */
function amplitude(signal: Float64Array, hz: number): number {
  let [re, im] = [0, 0];
  for (const [i, x] of signal.entries()) {
    const w = x * (1 - Math.cos((2 * Math.PI * i) / signal.length));
    re += w * Math.cos((2 * Math.PI * hz * i) / RATE);
    im += w * Math.sin((2 * Math.PI * hz * i) / RATE);
  }
  return (2 * Math.hypot(re, im)) / signal.length;
}

/** The envelope in the band of the resonance: rectified after a high-pass, as simple demodulators do. */
function envelope(signal: Float64Array): Float64Array {
  const high = signal.map((x, i) => Math.abs(x - 2 * (signal[i - 1] ?? 0) + (signal[i - 2] ?? 0)));
  const mean = high.reduce((a, b) => a + b, 0) / high.length;
  return high.map((x) => x - mean);
}

const rms = (signal: Float64Array) => Math.sqrt(signal.reduce((sum, x) => sum + x * x, 0) / signal.length);
function kurtosis(signal: Float64Array): number {
  const mean = signal.reduce((a, b) => a + b, 0) / signal.length;
  const moment = (power: number) => signal.reduce((sum, x) => sum + (x - mean) ** power, 0) / signal.length;
  return moment(4) / moment(2) ** 2;
}

describe('arithmetic with the same bits everywhere', () => {
  it('sine and exponential agree with those of this engine', () => {
    fc.assert(
      fc.property(fc.double({ min: -1000, max: 1000, noNaN: true }), (x) => {
        expect(Math.abs(sine(x) - Math.sin(2 * Math.PI * x))).toBeLessThan(1e-9 + 1e-12 * Math.abs(x));
        const e = x / 20;
        expect(Math.abs(exponential(e) / Math.exp(e) - 1)).toBeLessThan(1e-9);
      }),
      { numRuns: sampled(1000) },
    );
  });

  it('noise has mean 0, deviation 1 and nearly the kurtosis of a normal distribution', () => {
    const noise = Float64Array.from({ length: 100_000 }, (_, i) => gauss(3, i));
    expect(Math.abs(noise.reduce((a, b) => a + b) / noise.length)).toBeLessThan(0.02);
    expect(rms(noise)).toBeCloseTo(1, 1);
    expect(kurtosis(noise)).toBeGreaterThan(2.75);
    expect(kurtosis(noise)).toBeLessThan(2.95);
  });
});

describe('frequencies of a bearing, in multiples of the shaft speed', () => {
  // Case Western Reserve University, bearing data center, "Bearing information"; its rolling element is twice the spin.
  // IMS: H. Qiu et al., Journal of Sound and Vibration 289, 2006: 236.4, 296.9 and 139.9 Hz at 2000 rpm.
  it.each([
    ['SKF 6205-2RS', { bpfo: 3.5848, bpfi: 5.4152, bsf: 4.7135 / 2, ftf: 0.39828 }],
    ['SKF 6203-2RS', { bpfo: 3.053, bpfi: 4.947, bsf: 3.9874 / 2, ftf: 0.3816 }],
    ['Rexnord ZA-2115', { bpfo: 236.4 / (2000 / 60), bpfi: 296.9 / (2000 / 60), bsf: 139.9 / (2000 / 60) }],
  ])('%s has the published ones', (name, published) => {
    const computed = bearingFrequencies(BEARINGS[name]!);
    for (const [key, value] of Object.entries(published)) {
      expect(computed[key as keyof typeof computed] / value).toBeCloseTo(1, 3);
    }
  });

  it('a geometry that is not possible is rejected', () => {
    expect(() => bearingFrequencies({ balls: 9, ball: 2, pitch: 1 })).toThrow(/not possible/);
  });
});

describe('a machine', () => {
  it.each(['pump', 'fan', 'press'] as const)('%s: turns are the integral of the speed, whole in each piece', (kind) => {
    const one = machine(kind);
    for (let index = 0; index < 400; index += 1) {
      const piece = one.pieceAt(index * PIECE_S);
      if (!piece.on) continue;
      const total = turnsIn(piece, one.kind, PIECE_S);
      expect(Math.abs(total - Math.round(total))).toBeLessThan(1e-6);
      let sum = 0;
      const step = 0.5;
      for (let t = 0; t < PIECE_S; t += step) sum += step * speedIn(piece, one.kind, t + step / 2);
      expect(Math.abs(sum / total - 1)).toBeLessThan(1e-3);
    }
  });

  it('a press works in shifts from Monday to Friday, and a pump day and night', () => {
    const share = (kind: MachineKind, day: number) => {
      const one = machine(kind);
      const pieces = Array.from({ length: 144 }, (_, i) => one.isOn(day * 144 + i));
      return pieces.filter(Boolean).length / 144;
    };
    expect(share('press', 0)).toBeGreaterThan(0.6);
    expect(share('press', 0)).toBeLessThan(0.68);
    expect(share('press', 5)).toBe(0);
    expect(share('pump', 5)).toBeGreaterThan(0.97);
  });

  it('is warmer at work than at rest, in summer than in winter, and with blocked cooling', () => {
    const at = (one: Machine, day: number, hour: number) => one.pieceAt(day * DAY + hour * 3600).temperature[0];
    const press = machine('press');
    expect(at(press, 0, 15) - at(press, 0, 4)).toBeGreaterThan(15);
    expect(at(press, 182, 15) - at(press, 0, 15)).toBeGreaterThan(4);
    expect(at(machine('press', [fault('cooling')]), 0, 15) - at(press, 0, 15)).toBeGreaterThan(12);
  });

  it('takes six times its rated current when it starts, and the current of its load later', () => {
    const press = machine('press');
    const start = 6 * 3600;
    const source = sensorSource(press, 'current', 10, start - 1);
    const out = new Int16Array(600);
    source.read(0, out);
    const amperes = [...out].map((x) => x / 100);
    expect(Math.max(...amperes.slice(0, 8))).toBeLessThan(0.1);
    expect(Math.max(...amperes)).toBeGreaterThan(100);
    expect(amperes.at(-1)).toBeGreaterThan(press.kind.idleA);
    expect(amperes.at(-1)).toBeLessThan(press.kind.ratedA);
  });
});

describe('vibration', () => {
  const shaft = (one: Machine, timeS = DAY / 2) => {
    const piece = one.pieceAt(timeS);
    return speedIn(piece, one.kind, timeS - piece.index * PIECE_S + 1);
  };

  it('of a healthy pump has the shaft, twice the shaft and the blades, and the kurtosis of noise and tones', () => {
    const pump = machine('pump');
    const signal = samples(pump, 2);
    const hz = shaft(pump);
    expect(amplitude(signal, hz)).toBeGreaterThan(15);
    expect(amplitude(signal, 2 * hz)).toBeGreaterThan(4);
    expect(amplitude(signal, 6 * hz)).toBeGreaterThan(8);
    expect(amplitude(signal, 3.4 * hz)).toBeLessThan(2);
    expect(kurtosis(signal)).toBeLessThan(3.2);
  });

  // The line of a defect in the spectrum of the envelope, with side bands where the defect moves through the load zone.
  it.each([
    ['bearing.outer', 3.5848, 0],
    ['bearing.inner', 5.4152, 1],
    ['bearing.ball', 4.7135, 0.39828],
  ] as const)('%s shows at its frequency in the envelope, and in the kurtosis', (what, order, side) => {
    // The defect is complete at the end; noon is half of its life.
    const pump = machine('pump', [{ ...fault(what), toS: DAY / 2 + PIECE_S }]);
    const signal = samples(pump, 2);
    const hz = shaft(pump);
    const lines = envelope(signal);
    const line = amplitude(lines, order * hz);
    for (const other of [2.7, 3.1, 4.2, 6.3]) expect(line).toBeGreaterThan(3 * amplitude(lines, other * hz));
    if (side > 0) {
      expect(amplitude(lines, (order - side) * hz)).toBeGreaterThan(0.15 * line);
      expect(amplitude(lines, (order + side) * hz)).toBeGreaterThan(0.15 * line);
    }
    expect(kurtosis(signal)).toBeGreaterThan(4);
    expect(rms(signal)).toBeGreaterThan(1.5 * rms(samples(machine('pump'), 2)));
  });

  it('imbalance raises the shaft’s line, and misalignment twice the shaft', () => {
    const healthy = machine('fan');
    const hz = shaft(healthy);
    const line = (what: Fault['what'] | null, order: number) => {
      const one = what === null ? healthy : machine('fan', [{ ...fault(what), toS: DAY / 2 + PIECE_S }]);
      return amplitude(samples(one, 2), order * hz);
    };
    expect(line('imbalance', 1) / line(null, 1)).toBeGreaterThan(5);
    expect(line('imbalance', 2) / line(null, 2)).toBeLessThan(1.5);
    expect(line('misalignment', 2) / line(null, 2)).toBeGreaterThan(10);
  });

  it('stops with the machine, but for the noise of the sensor', () => {
    const press = machine('press');
    expect(rms(samples(press, 1, 3 * 3600))).toBeLessThan(2);
    expect(rms(samples(press, 1, 9 * 3600))).toBeGreaterThan(20);
  });

  it('rises while a machine starts', () => {
    const press = machine('press');
    const start = 6 * 3600;
    expect(rms(samples(press, 1, start))).toBeLessThan(rms(samples(press, 1, start + 7)));
  });
});

describe('samples are a function of the time alone', () => {
  const bytes = (out: Int16Array) => createHash('sha256').update(new Uint8Array(out.buffer)).digest('hex');

  it('in whatever order and pieces they are read, whenever the node has started', () => {
    const whole = new Int16Array(8000);
    const of = () => machine('pump', [fault('bearing.inner')]);
    sensorSource(of(), 'accelerometer', RATE, 3600).read(0, whole);
    fc.assert(
      fc.property(fc.nat(7000), fc.integer({ min: 1, max: 1000 }), fc.nat(1000), (first, count, late) => {
        const part = new Int16Array(count);
        const started = Math.min(late, first);
        // A start of so many samples later.
        sensorSource(of(), 'accelerometer', RATE, 3600 + started / RATE).read(first - started, part);
        expect([...part]).toEqual([...whole.subarray(first, first + count)]);
      }),
      { numRuns: sampled(100) },
    );
  });

  it('with the same bytes on every machine', () => {
    const out = new Int16Array(20_000);
    const digests = (['pump', 'fan', 'press'] as const).map((kind) => {
      sensorSource(machine(kind, [fault('bearing.outer')]), 'accelerometer', RATE, DAY / 2).read(0, out);
      return bytes(out);
    });
    for (const sensor of ['temperature', 'current'] as const) {
      sensorSource(machine('press'), sensor, 10, 5 * 3600).read(0, out);
      digests.push(bytes(out));
    }
    expect(digests.map((hex) => hex.slice(0, 16))).toEqual([
      'd73ffeaa38a98921',
      '3a6cd93fe5533209',
      'b5da9662d9c4a588',
      '543981bf6a499373',
      '8e272f9357d67ee0',
    ]);
  });
});

describe('faults of sensors', () => {
  const read = (what: Fault['what'] | null, sensor: 'accelerometer' | 'temperature', atS: number, severity = 0.8) => {
    const faults = what === null ? [] : [{ ...fault(what, severity), sensor, fromS: 1000 }];
    const out = new Int16Array(RATE);
    sensorSource(machine('pump', faults), sensor, sensor === 'temperature' ? 1 : RATE, atS).read(0, out);
    return out;
  };

  it('stuck: each sample is the last good one', () => {
    const out = read('sensor.stuck', 'temperature', DAY / 2);
    expect(new Set(out).size).toBe(1);
    expect(out[0]).toBe(read(null, 'temperature', 999)[0]);
  });
  it('drift: the gain grows evenly', () => {
    const ratio =
      read('sensor.drift', 'temperature', 1000 + (DAY - 1000) / 2)[0]! /
      read(null, 'temperature', 1000 + (DAY - 1000) / 2)[0]!;
    expect(ratio).toBeCloseTo(1.4, 2);
  });
  it('dropout: a share of the time reads zero, in whole spans', () => {
    const zeros = [...read('sensor.dropout', 'accelerometer', 5000)].filter((x) => x === 0).length;
    expect(zeros / RATE).toBeGreaterThan(0.4);
    expect(zeros / RATE).toBeLessThan(1);
  });
  it('saturation: nothing is above a limit that usual values reach', () => {
    const out = read('sensor.saturation', 'accelerometer', 5000);
    expect(Math.max(...out)).toBe(36);
    expect(Math.min(...out)).toBe(-36);
  });
  it('before and after a fault the sensor is right', () => {
    expect(read('sensor.stuck', 'temperature', 2 * DAY)).toEqual(read(null, 'temperature', 2 * DAY));
    expect(read('sensor.drift', 'temperature', 900).subarray(0, 90)).toEqual(
      read(null, 'temperature', 900).subarray(0, 90),
    );
  });
});

it('the spans of the truth cover the life of a fault, and their severity bounds it', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Fault['what']>('bearing.outer', 'sensor.drift', 'sensor.stuck'),
      fc.nat(10 * DAY),
      fc.integer({ min: 1, max: 100 * DAY }),
      fc.integer({ min: 1, max: 1000 }),
      (what, fromS, length, thousandths) => {
        const one: Fault = { machine: 'm', what, fromS, toS: fromS + length, severity: thousandths / 1000 };
        const found = spans(one);
        expect(found[0]!.fromS).toBe(fromS);
        expect(found.at(-1)!.toS).toBe(one.toS);
        for (const [i, span] of found.entries()) {
          if (i > 0) expect(span.fromS).toBe(found[i - 1]!.toS);
          expect(severityAt(one, span.toS - 1)).toBeLessThanOrEqual(span.severity + 0.001);
        }
      },
    ),
    { numRuns: sampled(300) },
  );
});
