import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { titled } from '../../base/needs.ts';
import { cases } from '../../base/test-form.ts';
import { ASSET_TABLES, type FileOptions, MAX_FILE_BYTES, printCsv, printJson, readFile } from './files.ts';
import { type AssetModel, EMPTY, taken } from './model.ts';
import { TABLES } from './tables.ts';
import { inputs } from './testing.ts';

const options: FileOptions = { tables: TABLES, checkTag: () => null };
const read = (text: string | Uint8Array, more: Partial<FileOptions> = {}) =>
  readFile(typeof text === 'string' ? Buffer.from(text) : text, { ...options, ...more });
const runs = { numRuns: cases(200) };

const models = fc
  .array(inputs, { minLength: 1, maxLength: 3 })
  .map((all) => all.reduce((model, input) => taken(model, { ...input }, false), EMPTY));

const csvFiles = (model: AssetModel) => TABLES.map((table) => printCsv(model, table));

describe('a file', () => {
  it('is taken as it was written, also into what it was written from', () => {
    fc.assert(
      fc.property(models, models, fc.constantFrom(',', ';', '\t'), (model, other, delimiter) => {
        const json = read(printJson(model, TABLES));
        expect(taken(EMPTY, json, false)).toEqual(model);
        expect(taken(model, json, false)).toEqual(model);
        expect(taken(other, json, true)).toEqual(model);
        const csv = csvFiles(model).map((text) => read(text));
        expect(csv.reduce((now, input) => taken(now, input, false), EMPTY)).toEqual(model);
        const whole = Object.assign({}, ...csv);
        expect(taken(other, whole, true)).toEqual(model);
        // Another spreadsheet writes other delimiters, and a byte order mark.
        const lines = printCsv(model, 'assets').split('\r\n');
        if (lines.every((line) => !/[";,]{2}|"/.test(line) && line.split(',').length <= 2)) {
          const other = `\uFEFF${lines.map((line) => line.replaceAll(',', delimiter)).join('\n')}`;
          expect(read(other).assets?.map(({ path }) => path)).toEqual([...model.assets.keys()].sort());
        }
      }),
      runs,
    );
  });

  it('that is taken twice changes nothing the second time', () => {
    fc.assert(
      fc.property(models, inputs, (model, input) => {
        const once = taken(model, input, false);
        expect(taken(once, input, false)).toEqual(once);
      }),
      runs,
    );
  });

  const missing =
    spawnSync('python3', ['-c', 'import csv']).status === 0 ? null : 'needs python3 (apt install python3)';
  it.skipIf(missing !== null)(titled('in CSV is read by another parser with the same cells', missing), () => {
    const [model] = fc.sample(models, { numRuns: 1, seed: 11 });
    const script =
      'import csv,json,sys; print(json.dumps(list(csv.reader(sys.stdin.buffer.read().decode().splitlines(True)))))';
    const rows = JSON.parse(
      execFileSync('python3', ['-c', script], { input: printCsv(model!, 'tags'), encoding: 'utf8' }),
    ) as string[][];
    expect(rows[0]).toEqual(['asset', 'key', 'value', 'from', 'to']);
    const spans = [...model!.tags.values()].flatMap(({ subject, key, spans }) =>
      spans.map(({ text }) => [subject, key, text].join('\0')),
    );
    expect(
      rows
        .slice(1)
        .map((row) => row.slice(0, 3).join('\0'))
        .sort(),
    ).toEqual(spans.sort());
  });

  it('of a spreadsheet in German is taken', () => {
    const text =
      '\uFEFFDevice;Asset;From;To\r\nn-1;"Werk Köln/Halle 2";01.12.2026 06:00;\r\nn-2;Werk Köln;2026-12-01T06:00:00Z;02.12.2026 06:00:30\r\n;;;\r\n';
    const { placements } = read(text, { zone: '+01:00' });
    const six = Date.UTC(2026, 11, 1, 5) * 1000;
    expect(placements).toEqual([
      { subject: 'n-1', key: '', text: 'Werk Köln/Halle 2', from: six, to: null, place: 'line 2' },
      { subject: 'n-2', key: '', text: 'Werk Köln', from: six + 3_600e6, to: six + 86_430e6, place: 'line 3' },
    ]);
    expect(() => read(text)).toThrow(/^line 2: "from" "01.12.2026 06:00" names no offset from UTC; .*\nline 3: "to"/);
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    [
      'Windows-1252',
      Buffer.from('path,level\nacme,enterprise\nK\xf6ln,site\n', 'latin1'),
      /line 3 is not in UTF-8; save it as/,
    ],
    ['UTF-16', Buffer.from('\uFEFFpath,level\n', 'utf16le'), /it is in UTF-16; save it as "CSV UTF-8"/],
    ['other columns', 'name,level\n', /^line 1: .*expected path,level or device,asset/],
    ['a column more', 'path,level,colour\n', /^line 1: the column "colour" is unknown or twice; .* path, level$/],
    ['nothing', '', /^line 1: it names the columns/],
    ['an unknown level', 'path,level\na,hall\n', /^line 2: the level "hall" is none of enterprise, site/],
    ['a wildcard', 'path,level\na/+,site\n', /^line 2: the path "a\/\+" has the name "\+", which has "\/", "\+"/],
    ['an empty name', 'path,level\na//b,site\n', /the name "", which is empty/],
    ['an invisible character', 'path,level\na\u200bb,site\n', /not visible/],
    ['a topic of the broker', 'path,level\n$SYS,site\n', /begins with "\$"/],
    ['more cells than columns', 'path,level\na,site,x\n', /^line 2: it has 3 cells for 2 columns; quote/],
    ['an open quote', 'path,level\n"a,site\n', /^line 2: /],
    [
      'a time that ends before it begins',
      'device,asset,from,to\nn,a,2026-01-02T00:00Z,2026-01-01T00:00Z\n',
      /"to" isn't after/,
    ],
    ['no time', 'device,asset,from\nn,a,soon\n', /"from" "soon" is no time from 1970 to 2255/],
    ['a key with a space', 'asset,key,value\na,my key,1\n', /^line 2: the key "my key" is not 1 to 64/],
    [
      'a line end in a cell before the mistake',
      'device,asset\n"a\nb",x\nn,y//z\n',
      /line 2: .*\nline 4: the asset "y\/\/z"/,
    ],
    ['no object', '[1]', /its JSON is no object with assets/],
    ['JSON that ends', '{"assets": [', /it is not JSON/],
    ['another table', '{"colours": []}', /^colours: there is no such table here/],
    ['a number', '{"placements": [{"device": "n", "asset": 7}]}', /^placements\[0\]: "asset" is no text/],
    ['another member', '{"assets": [{"path": "a", "level": "site", "__proto__x": "b"}]}', /"__proto__x" is unknown/],
    ['a row that is none', '{"assets": [null]}', /^assets\[0\]: it is no object with path, level/],
    ['too many bytes', Buffer.alloc(MAX_FILE_BYTES + 1, 32), /more than 16777216; split it/],
  ])('with %s is refused, and the error names the place', (_, text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('has only the tables that its way in takes', () => {
    expect(() => read('asset,kind,value\na,order,7\n', { tables: ASSET_TABLES })).toThrow(/^line 1: /);
    expect(read('asset,kind,value\na,order,7\n', { tables: ['context'] }).context).toHaveLength(1);
    expect(() => read('{"assets": []}', { tables: ['context'] })).toThrow(/the tables are context/);
  });
});
