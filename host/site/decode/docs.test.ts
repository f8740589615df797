/** The examples of docs/decoders.md: a `decoder`, the messages behind it, and the `points` of them all. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../base/index.ts';
import { createDecoder, DecoderFold } from './fold.ts';
import { REASONS } from './result.ts';
import { raw } from './testing.ts';

const text = readFileSync(packagePath('docs', 'decoders.md'), 'utf8');
const blocks = [...text.matchAll(/^```(\w+) (decoder|message|points) ?(.*)\n([\s\S]*?)^```$/gm)];

function examples() {
  const all: { kind: string; fold: DecoderFold; got: string[]; points: string[] }[] = [];
  for (const [, language, what, topic, body] of blocks) {
    if (what === 'decoder') {
      const decoder = createDecoder(JSON.parse(body!));
      all.push({ kind: decoder.description.kind, fold: new DecoderFold(decoder), got: [], points: [] });
      continue;
    }
    const example = all.at(-1)!;
    if (what === 'points') example.points = body!.trim().split('\n');
    else {
      const payload = language === 'hex' ? Buffer.from(body!.replace(/\s/g, ''), 'hex') : body!;
      const { runs, events, counts } = example.fold.decode(raw(topic!, payload));
      expect(counts).toEqual({});
      const time = (us: number) => new Date(us / 1000).toISOString();
      for (const { device, name, unit, exponent, quality, timesUs, values } of runs) {
        for (const [i, value] of values.entries()) {
          const scaled = exponent === 0 ? `${value}` : `${value}e${exponent}`;
          const parts = [device, name, scaled, unit, time(timesUs[i]!), quality === 0 ? '' : `quality ${quality}`];
          example.got.push(parts.filter((part) => part !== '').join(' '));
        }
      }
      for (const { device, name, timeUs, body } of events)
        example.got.push(`event ${device} ${name} ${JSON.stringify(body)} ${time(timeUs)}`);
    }
  }
  return all;
}

describe('docs/decoders.md', () => {
  it('has an example of each kind', () => {
    const kinds = new Set(examples().map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([
      'csv',
      'json',
      'line-protocol',
      'modbus',
      'mote',
      'opcua',
      'senml',
      'sparkplug',
    ]);
  });

  it.each(examples())('the points of $kind are those of the page', ({ got, points }) => {
    // The points of a series stand together, and the page shows those of a record together.
    expect(got.sort()).toEqual(points.sort());
  });

  it('lists every reason', () => {
    const listed = [...text.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, reason, meaning]) => [reason, meaning]);
    expect(listed).toEqual(Object.entries(REASONS));
  });
});
