import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cases, casesText, sampled } from '../../base/test-form.ts';
import { decodeFrame, encodeFrame, FrameDecoder, MAX_CONTENT_BYTES } from './frame.ts';
import { Xorshift } from './random.ts';

/** Decodes `stream`, fed in pieces, and collects the contents. */
function decode(stream: Uint8Array, pieces: number[] = []): { contents: Uint8Array[]; errors: number } {
  const decoder = new FrameDecoder();
  const contents: Uint8Array[] = [];
  let at = 0;
  for (const piece of [...pieces, stream.length]) {
    decoder.push(stream.subarray(at, at + piece), (content) => contents.push(content.slice()));
    at += piece;
  }
  return { contents, errors: decoder.errors };
}

describe('frames', () => {
  it.each([1, 2, 249, 250, 251, 253, 254, 255, 256, 508, 509, 510, MAX_CONTENT_BYTES])('carry %i bytes', (length) => {
    for (const fill of [0, 1, 255]) {
      const content = new Uint8Array(length).fill(fill);
      const frame = encodeFrame(content);
      expect(frame.indexOf(0)).toBe(frame.length - 1);
      expect(decode(frame)).toEqual({ contents: [content], errors: 0 });
    }
  });

  it('reject contents that are empty or too long', () => {
    const error = expect.objectContaining({
      code: 'LINK_TOO_LARGE',
      message: `A frame holds 1 to ${MAX_CONTENT_BYTES} bytes, not 0; send it in parts.`,
    });
    expect(() => encodeFrame(new Uint8Array(0))).toThrow(error);
    expect(() => encodeFrame(new Uint8Array(MAX_CONTENT_BYTES + 1))).toThrow('send it in parts');
  });

  it('are decoded to what was encoded, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 600 }), { maxLength: 8 }),
        fc.array(fc.nat(300), { maxLength: 20 }),
        (contents, pieces) => {
          const stream = Buffer.concat(contents.map(encodeFrame));
          expect(decode(stream, pieces)).toEqual({ contents, errors: 0 });
        },
      ),
      { numRuns: sampled(2000) },
    );
  });

  it('have the encoding of consistent overhead byte stuffing', () => {
    const frame = encodeFrame(Uint8Array.of(0));
    // A zero, then four bytes of CRC-32 (0xd202ef8d), little-endian.
    expect(Buffer.from(frame).toString('hex')).toBe('01058def02d200');
  });

  it('are taken up to the length that the receiver accepts, whatever their stuffing', () => {
    const content = Uint8Array.from({ length: 600 }, (_, i) => (i % 255) + 1);
    const frame = encodeFrame(content);
    expect(decodeFrame(frame.subarray(0, -1), 600)).toEqual(content);
    expect(decodeFrame(frame.subarray(0, -1), 599)).toBeNull();
    for (const limit of [600, 599]) {
      const contents: Uint8Array[] = [];
      const decoder = new FrameDecoder(limit);
      decoder.push(frame, (found) => contents.push(found));
      expect([contents.length, decoder.errors]).toEqual(limit === 600 ? [1, 0] : [0, 1]);
    }
  });

  it('are no frames with wrong stuffing, or without content', () => {
    for (const hex of [
      '',
      '01',
      '05',
      '0501020304',
      '0601020304',
      '0100',
      '0001020304050607',
      '05000000',
      '0101010101',
    ])
      expect(decodeFrame(Uint8Array.from(Buffer.from(hex, 'hex')))).toBeNull();
  });

  it('may have zeros between them, which are no errors', () => {
    const frame = encodeFrame(Uint8Array.of(7));
    expect(decode(Buffer.concat([Uint8Array.of(0, 0), frame, Uint8Array.of(0), frame]))).toEqual({
      contents: [Uint8Array.of(7), Uint8Array.of(7)],
      errors: 0,
    });
  });

  it('are dropped when they are too long, and the next one is found', () => {
    const frame = encodeFrame(Uint8Array.of(7));
    const decoder = new FrameDecoder(8);
    const contents: Uint8Array[] = [];
    const push = (bytes: Uint8Array) => decoder.push(bytes, (content) => contents.push(content.slice()));
    for (let i = 0; i < 10; i++) push(new Uint8Array(5).fill(1));
    push(frame);
    expect([contents.length, decoder.errors]).toEqual([0, 1]);
    push(frame);
    expect([contents.length, decoder.errors]).toEqual([1, 1]);
  });

  it('are not continued on a new stream', () => {
    const frame = encodeFrame(Uint8Array.of(7));
    const decoder = new FrameDecoder(8);
    const contents: Uint8Array[] = [];
    for (const rest of [frame.subarray(0, 3), new Uint8Array(99).fill(1)]) {
      decoder.push(rest, () => {});
      decoder.reset();
      decoder.push(frame, (content) => contents.push(content.slice()));
    }
    expect([contents, decoder.errors]).toEqual([[Uint8Array.of(7), Uint8Array.of(7)], 0]);
  });

  it('are found again at the next zero after damage, and only damaged ones are lost', () => {
    const good = encodeFrame(Uint8Array.of(1, 2, 3));
    const noise = new Uint8Array(3 * MAX_CONTENT_BYTES).fill(7);
    const stream = Buffer.concat([noise, Uint8Array.of(0), good, good.subarray(2), good]);
    const { contents, errors } = decode(stream, [100, 20_000, 1]);
    expect(contents).toEqual([Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)]);
    expect(errors).toBe(2);
  });

  it(`with one to four mutated bytes are rejected, all of ${casesText(120_000)}`, () => {
    const random = new Xorshift(1);
    let passed = 0;
    for (let i = 0; i < cases(120_000); i++) {
      const content = Uint8Array.from({ length: 1 + random.below(60) }, () => random.below(random.below(2) ? 256 : 2));
      const frame = encodeFrame(content).slice(0, -1);
      const damaged = frame.slice();
      for (let n = 1 + random.below(4); n > 0; n--) damaged[random.below(damaged.length)] = random.below(256);
      const result = decodeFrame(damaged);
      if (result !== null && Buffer.compare(result, content) !== 0) passed++;
    }
    // A checksum matches by chance with a probability of 2^-32.
    expect(passed).toBe(0);
  });

  it(`are decoded from ${casesText(100_000)} random streams without an exception and in constant memory`, () => {
    const random = new Xorshift(2);
    const decoder = new FrameDecoder();
    let contents = 0;
    for (let i = 0; i < cases(100_000); i++) {
      const bytes = Uint8Array.from({ length: random.below(64) }, () => random.below(256) & random.below(256));
      decoder.push(bytes, () => contents++);
    }
    expect(contents).toBe(0);
    expect(decoder.errors).toBeGreaterThan(cases(10_000));
  });
});
