import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MoteError, packagePath } from '../../base/index.ts';
import { cases, casesText } from '../../base/test-form.ts';
import { Xorshift } from '../link/index.ts';
import type { SensorSource } from './sensor.ts';
import { constant, csvSource, mix, noise, repeat, samplesSource, sine, wavSource } from './sources.ts';

const read = (source: SensorSource, index: number, samples: number): number[] => {
  const out = new Int16Array(samples * source.channels);
  source.read(index, out);
  return [...out];
};
const chunk = (tag: string, body: Uint8Array) => {
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, body.length, true);
  return Buffer.concat([Buffer.from(tag), size, body, new Uint8Array(body.length & 1)]);
};
const riff = (...chunks: Uint8Array[]) => chunk('RIFF', Buffer.concat([Buffer.from('WAVE'), ...chunks]));
const fmt = (kind: number, channels: number, rateHz: number, bits: number) => {
  const body = new DataView(new ArrayBuffer(16));
  body.setUint16(0, kind, true);
  body.setUint16(2, channels, true);
  body.setUint32(4, rateHz, true);
  body.setUint16(14, bits, true);
  return chunk('fmt ', new Uint8Array(body.buffer));
};
const data = chunk('data', Uint8Array.of(1, 0, 255, 255, 0, 128, 255, 127));

describe('WAV', () => {
  it('is read past unknown chunks', () => {
    const source = wavSource(riff(chunk('LIST', Uint8Array.of(1, 2, 3)), fmt(1, 2, 16_000, 16), data));
    expect({ ...source, read: 0 }).toEqual({ rateMilliHz: 16_000_000, channels: 2, length: 2, read: 0 });
    expect(read(source, 0, 2)).toEqual([1, -1, -32_768, 32_767]);
    expect(read(source, 1, 1)).toEqual([-32_768, 32_767]);
  });

  const stream = packagePath('recordings', 'speech', 'stream.wav');
  it('of the reference recordings is eight seconds at 16 kHz', () => {
    const source = wavSource(readFileSync(stream));
    expect([source.rateMilliHz, source.channels]).toEqual([16_000_000, 1]);
    expect(source.length! / 16_000).toBeCloseTo(8, 0);
  });

  it.each([
    ['no bytes', new Uint8Array(0), 'not a WAV file'],
    ['another file', Buffer.from('RIFX....WAVE'), 'not a WAV file'],
    ['no samples', riff(fmt(1, 1, 8000, 16)), 'holds no samples'],
    ['no format', riff(data), 'before their format'],
    ['8-bit samples', riff(fmt(1, 1, 8000, 8), data), '8-bit samples of format 1'],
    ['floats', riff(fmt(3, 1, 8000, 32), data), 'format 3'],
    ['no channels', riff(fmt(1, 0, 8000, 16), data), '0 channels'],
    ['a rate of zero', riff(fmt(1, 1, 0, 16), data), 'at 0 Hz'],
    ['a short format', riff(chunk('fmt ', new Uint8Array(8)), data), 'too short'],
    ['a truncated file', riff(fmt(1, 1, 8000, 16), data).subarray(0, -2), 'truncated'],
  ])('with %s is rejected', (_, bytes, message) => {
    expect(() => wavSource(bytes)).toThrow(message);
  });

  it(`mutated ${casesText(100_000)} times is a source or causes a MoteError`, () => {
    const random = new Xorshift(1);
    const good = riff(chunk('LIST', Uint8Array.of(1, 2, 3)), fmt(1, 2, 16_000, 16), data);
    let sources = 0;
    for (let i = 0; i < cases(100_000); i++) {
      const bytes = Uint8Array.from(good).subarray(0, good.length - random.below(2) * random.below(good.length));
      for (let n = random.below(3); n >= 0 && bytes.length > 0; n--)
        bytes[random.below(bytes.length)] = random.below(256);
      try {
        const source = wavSource(bytes);
        read(source, 0, source.length!);
        sources++;
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
      }
    }
    expect(sources).toBeGreaterThan(cases(1000));
  });
});

describe('CSV', () => {
  it('is read with and without names, with a scale, and by column', () => {
    expect(read(csvSource('1,2\n3,4\n', { rateHz: 1 }), 0, 2)).toEqual([1, 2, 3, 4]);
    const named = 't,x,y\r\n0, 0.5,-1\r\n\r\n1,1.5,2\r\n';
    const source = csvSource(named, { rateHz: 10, scale: 100, columns: ['y', 1] });
    expect([source.channels, source.length, source.rateMilliHz]).toEqual([2, 2, 10_000]);
    expect(read(source, 0, 2)).toEqual([-100, 50, 200, 150]);
  });

  it.each([
    ['', 'holds no samples'],
    ['a,b\n', 'holds no samples'],
    ['1,2\n3\n', "Line 2 of the CSV file has ''"],
    ['1\nx\n', "Line 2 of the CSV file has 'x'"],
    ['1\n40000\n', 'choose a smaller scale'],
    ['1\nInfinity\n', 'choose a smaller scale'],
  ])('%j is rejected with the number of the wrong line', (text, message) => {
    expect(() => csvSource(text, { rateHz: 1 })).toThrow(message);
  });

  it('without the requested column is rejected with the names of its columns', () => {
    expect(() => csvSource('a,b\n1,2', { rateHz: 1, columns: ['c'] })).toThrow("no column 'c'; it has a, b");
  });

  it(`mutated ${casesText(100_000)} times is a source or causes a MoteError`, () => {
    const random = new Xorshift(2);
    const letters = '0123456789,.-+e\n\r x"\u0000';
    let sources = 0;
    for (let i = 0; i < cases(100_000); i++) {
      const text = [...'t,x\n1,2\n3,-4\n']
        .map((c) => (random.below(12) ? c : letters[random.below(letters.length)]))
        .join('');
      try {
        csvSource(text, { rateHz: 100 });
        sources++;
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
      }
    }
    expect(sources).toBeGreaterThan(cases(1000));
  });
});

describe('generators', () => {
  const shape = { rateHz: 8, samples: 8 };
  it('return their signal from any index on', () => {
    expect(read(constant({ rateHz: 1, channels: 2 }, 5), 100, 2)).toEqual([5, 5, 5, 5]);
    expect(read(sine({ ...shape, frequencyHz: 1, amplitude: 1000, offset: 10 }), 0, 5)).toEqual([
      10, 717, 1010, 717, 10,
    ]);
    expect(read(sine({ ...shape, frequencyHz: 2, amplitude: 40_000 }), 1, 3)).toEqual([32_767, 0, -32_768]);
    const hiss = noise({ rateHz: 8, amplitude: 100, seed: 3 });
    expect(read(hiss, 5, 3)).toEqual(read(hiss, 0, 8).slice(5));
    expect(Math.max(...read(hiss, 0, 5000))).toBeGreaterThan(90);
    expect(read(noise({ rateHz: 8, amplitude: 100, seed: 4 }), 0, 8)).not.toEqual(read(hiss, 0, 8));
  });

  it('can be mixed and repeated', () => {
    const three = samplesSource(Int16Array.of(1, 2, 3), 8);
    expect(read(repeat(three), 2, 7)).toEqual([3, 1, 2, 3, 1, 2, 3]);
    expect(read(mix(constant({ rateHz: 8 }, 32_766), three), 0, 4)).toEqual([32_767, 32_767, 32_767, 32_766]);
    expect(() => mix(three, constant({ rateHz: 9 }, 0))).toThrow('same rate');
  });
});
