import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { clip, isWireText, packagePath, repairText } from './index.ts';

interface Vector {
  what: string;
  hex: string;
}
const vectors = JSON.parse(readFileSync(packagePath('tests', 'vectors', 'text.json'), 'utf8')) as {
  good: Vector[];
  bad: Vector[];
};
const bytesOf = ({ hex }: Vector) => Buffer.from(hex, 'hex');
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function isWireBytes(bytes: Uint8Array): boolean {
  try {
    return isWireText(strict.decode(bytes));
  } catch {
    return false;
  }
}

describe('text on the wire', () => {
  it.each(vectors.good)('may be $what', (vector) => {
    expect(isWireBytes(bytesOf(vector))).toBe(true);
    const text = bytesOf(vector).toString('utf8');
    expect(repairText(text)).toBe(text);
    expect(clip(text, 100)).toBe(text);
  });

  it.each(vectors.bad)('is not $what, and can be repaired', (vector) => {
    expect(isWireBytes(bytesOf(vector))).toBe(false);
    const text = bytesOf(vector).toString('utf8');
    expect(isWireText(repairText(text))).toBe(true);
    expect(isWireText(clip(text, 100))).toBe(true);
  });

  it('has no half of a surrogate pair, which JSON can contain', () => {
    expect(isWireText('\ud83d\ude00')).toBe(true);
    expect(isWireText('\ud83d')).toBe(false);
    expect(isWireText('\ude00\ud83d')).toBe(false);
    expect(repairText('a\ud83db')).toBe('a\ufffdb');
  });

  it('keeps its length in a repair, and becomes one space for each run in a line', () => {
    expect(repairText('a\u0000\u0085\ufffe\u{1ffff}b')).toBe('a\ufffd\ufffd\ufffd\ufffdb');
    expect(clip('a\u0000\u0085\ufffe\u{1ffff}b', 100)).toBe('a b');
  });
});
