import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { titled } from '../../base/needs.ts';
import type { Description, LineOptions } from './description.ts';
import { type Line, parseLines } from './line-text.ts';
import { decodeAll, lines, raw } from './testing.ts';

const of = (options: LineOptions): Description => ({ kind: 'line-protocol', version: 1, options });

function parseAll(text: string): (Line | null)[] {
  const all: (Line | null)[] = [];
  parseLines(text, (line) => all.push(line));
  return all;
}

interface Written {
  measurement: string;
  tags: [string, string][];
  fields: [string, string][];
  time: bigint | null;
}

describe('line protocol', () => {
  it('reads types, tags and times', () => {
    const description = of({
      device: { at: 'host' },
      series: [{ name: 'weather/place=in/temp', unit: '°C', exponent: -1 }],
    });
    const text = `# a comment
weather,host=a,place=in temp=21.5,count=3i,total=18446744073709551615u,open=t,note="x" 1790000000000000000
weather,host=b temp=-1.5e1`;
    const { runs, counts } = decodeAll(description, raw('x', text));
    expect(lines(runs)).toEqual([
      'a weather/place=in/temp 215e-1 Cel @0',
      'a weather/place=in/count 3 @0',
      'a weather/place=in/open 1 @0',
      'b weather/temp -15000000e-6 @0',
    ]);
    expect(counts).toEqual({ out_of_range: 1, text: 1 });
  });

  it('chooses tags, the measurement as device, the precision, and texts that are events', () => {
    const description = of({
      device: { of: 'measurement' },
      tags: ['b'],
      precision: 'ms',
      series: [{ name: 'm/b=2/state', event: true }],
    });
    const { runs, events } = decodeAll(description, raw('x', 'm,a=1,b=2 v=1i,state="on, \\"really\\"" 1790000000001'));
    expect(lines(runs)).toEqual(['m m/b=2/v 1 @0.001']);
    expect(events).toMatchObject([{ device: 'm', name: 'm/b=2/state', body: 'on, "really"' }]);
  });

  // https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/, "Special characters".
  it.each([
    ['my\\ measurement v=1', { measurement: 'my measurement' }],
    ['m\\=x v=1', { measurement: 'm\\=x' }],
    ['m,tag\\ key=tag\\,value v=1', { tags: new Map([['tag key', 'tag,value']]) }],
    ['m,a\\=b=c\\=d v=1', { tags: new Map([['a=b', 'c=d']]) }],
    ['m field\\ key="say \\"hi\\" \\\\ there"', { fields: [['field key', { text: 'say "hi" \\ there' }]] }],
    ['m v="two\nlines" 1', { fields: [['v', { text: 'two\nlines' }]] }],
    [
      'm v=NaN,w=f',
      {
        fields: [
          ['v', undefined],
          ['w', false],
        ],
      },
    ],
    ['  m v=1  5  \r', { time: { digits: 5n, exponent: 0 } }],
  ])('%j is read', (text, expected) => {
    expect(parseAll(text)).toMatchObject([expected]);
  });

  it.each([
    'm',
    'm ',
    'm v',
    'm v=',
    'm v=x',
    'm v=1i5',
    'm,t v=1',
    'm,t= v=1',
    ',t=1 v=1',
    'm v=1 x',
    'm v="x',
    'm v=1 1 1',
  ])('%j is counted, and the line behind it is read', (text) => {
    const all = parseAll(`${text}\nok v=1`);
    expect(all[0]).toBeNull();
    if (!text.includes('"')) expect(all.at(-1)).toMatchObject({ measurement: 'ok' });
  });

  const escaped = (text: string, characters: string) =>
    [...text].map((c) => (characters.includes(c) ? `\\${c}` : c)).join('');
  // A backslash before a special character can't be written, so names here have none.
  const name = fc.stringMatching(/^[A-Za-z0-9,= _°µ."#]{1,8}$/u).filter((text) => !/^[ #]/.test(text));
  const field = fc.oneof(
    fc.maxSafeInteger().map((i) => `${i}i`),
    // The other parser rejects subnormal numbers.
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((v) => String(Math.abs(v) < 1e-300 ? 0 : v)),
    fc.boolean().map(String),
    fc.stringMatching(/^[A-Za-z0-9,= "\\\n]{0,8}$/).map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`),
  );
  const line = fc.record({
    measurement: name,
    tags: fc.uniqueArray(fc.tuple(name, name), { selector: ([key]) => key, maxLength: 3 }),
    fields: fc.uniqueArray(fc.tuple(name, field), { selector: ([key]) => key, minLength: 1, maxLength: 3 }),
    time: fc.option(fc.bigInt({ min: 1n, max: 2n ** 62n })),
  });
  const write = ({ measurement, tags, fields, time }: Written) => {
    const head = [escaped(measurement, ', '), ...tags.map(([k, v]) => `${escaped(k, ',= ')}=${escaped(v, ',= ')}`)];
    const body = fields.map(([k, v]) => `${escaped(k, ',= ')}=${v}`);
    return `${head.join(',')} ${body.join(',')}${time === null ? '' : ` ${time}`}`;
  };

  it('reads what is written', () => {
    fc.assert(
      fc.property(line, (written) => {
        const [read, ...rest] = parseAll(write(written));
        expect(rest).toEqual([]);
        expect(read).toMatchObject({ measurement: written.measurement, tags: new Map(written.tags) });
        expect(read!.fields.map(([key]) => key)).toEqual(written.fields.map(([key]) => key));
        expect(read!.time?.digits ?? null).toBe(written.time);
      }),
    );
  });

  const python = ['-c', 'import line_protocol_parser'];
  const other = spawnSync('python3', python).status === 0 ? null : 'needs pip install line-protocol-parser';
  it.skipIf(other !== null)(titled('reads 300 lines as the package line-protocol-parser does', other), () => {
    const written = fc
      .sample(line, { numRuns: 300, seed: 5 })
      .map(write)
      .filter((text) => !text.includes('\n'));
    const code = `import sys, json
from line_protocol_parser import parse_line
print(json.dumps([parse_line(text) for text in json.load(sys.stdin)]))`;
    const run = spawnSync('python3', ['-c', code], { input: JSON.stringify(written), encoding: 'utf8' });
    expect(run.stderr).toBe('');
    const theirs: { measurement: string; tags: object; fields: object; time: number }[] = JSON.parse(run.stdout);
    expect(theirs.length).toBeGreaterThan(200);
    for (const [i, text] of written.entries()) {
      const [ours] = parseAll(text);
      const fields = ours!.fields.map(([key, value]) => [key, plain(value)]);
      expect({
        measurement: ours!.measurement,
        tags: Object.fromEntries(ours!.tags),
        fields: Object.fromEntries(fields),
      }).toEqual({ measurement: theirs[i]!.measurement, tags: theirs[i]!.tags, fields: theirs[i]!.fields });
    }
  });
});

function plain(value: Line['fields'][number][1]): unknown {
  if (typeof value !== 'object') return value;
  return 'text' in value ? value.text : Number(`${value.number.digits}e${value.number.exponent}`);
}
