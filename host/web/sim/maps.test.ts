import { describe, expect, it } from 'vitest';
import { Memory, Tap } from './maps.ts';

const bytes = (base64: string) => [...Buffer.from(base64, 'base64')];

describe('a tap', () => {
  it('returns the buffer at or before a time, and the first one before all', () => {
    const tap = new Tap();
    expect(tap.at(0)).toBeNull();
    tap.add(1, Uint8Array.of(1, 2));
    tap.add(2, Uint8Array.of(3, 4));
    expect([0, 1, 1.9, 2, 9].map((t) => tap.at(t)!.index)).toEqual([0, 0, 0, 1, 1]);
    expect(bytes(tap.at(2)!.bytes)).toEqual([3, 4]);
    expect(tap.at(2)!.count).toBe(2);
  });

  it('is a picture with a column for each buffer, in the element type that is asked for', () => {
    const tap = new Tap();
    tap.add(1, Uint8Array.of(0xff, 0xff, 1, 0));
    tap.add(2, Uint8Array.of(0, 0, 0, 1));
    expect(tap.picture(0, 3, 10, 'int16')).toEqual({
      x: [1, 2],
      rows: 2,
      labels: ['-1', '256'],
      pixels: Buffer.of(0, 2, 1, 255).toString('base64'),
    });
    expect(tap.picture(0, 3, 10, 'uint8')).toMatchObject({ rows: 4, labels: ['0', '255'] });
  });

  it('counts the buffers that it no longer has', () => {
    const tap = new Tap();
    for (let i = 0; i < 40; i++) tap.add(i, new Uint8Array(1 << 20).fill(i));
    const last = tap.at(99)!;
    expect([last.index, last.count]).toEqual([39, 40]);
    expect(tap.at(0)!.index).toBeGreaterThan(0);
  });
});

describe('memory', () => {
  it('is recorded with what has changed since the recording before', () => {
    const memory = new Memory();
    const now = new Uint8Array(600);
    memory.add(1, now);
    now[3] = 7;
    now[4] = 8;
    now[599] = 9;
    memory.add(2, now);
    expect(memory.at(1.5)).toMatchObject({ t: 1, changed: [] });
    const last = memory.at(2)!;
    expect(bytes(last.bytes)).toEqual([...now]);
    expect(last.changed).toEqual([
      [3, 5],
      [599, 600],
    ]);
    const { rows, pixels, labels } = memory.picture(0, 3, 10);
    expect([rows, bytes(pixels), labels]).toEqual([3, [0, 0, 0, 255, 0, 255], ['0', '0x258']]);
  });

  it('halves its recordings when there are too many, and doubles the interval', () => {
    const memory = new Memory();
    const now = new Uint8Array(256);
    let recordings = 0;
    for (let i = 0; i < 5000; i++) {
      const t = i / 100;
      if (!memory.due(t)) continue;
      recordings++;
      now[0] = i & 255;
      memory.add(t, now);
    }
    expect(recordings).toBeLessThan(2600);
    expect(memory.due(49.99 + 0.01)).toBe(false);
    expect(memory.picture(0, 50, 4096).x.length).toBeLessThanOrEqual(1024);
    expect(memory.at(30)!.t).toBeGreaterThan(29.9);
  });
});
