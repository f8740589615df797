import { describe, expect, it } from 'vitest';
import { bytesText, countText, inspectModel, shortName } from './inspect.ts';
import { escapeHtml, renderHtml } from './render-html.ts';
import { renderText } from './render-text.ts';
import { buildModel, modelBytes, SHIPPED } from './testing.ts';

describe('the report', () => {
  it('lists the costs of a model', () => {
    const report = inspectModel(modelBytes('micro_speech'), { name: 'micro_speech' });
    expect(report).toMatchObject({ fileBytes: 18800, macs: 336_000, digest: expect.stringMatching(/^09e5e2a9/) });
    expect(report.layers.map(({ op, kernel }) => [op, kernel])).toEqual([
      ['RESHAPE', null],
      ['DEPTHWISE_CONV_2D', 'conv2d'],
      ['FULLY_CONNECTED', 'fully_connected'],
      ['SOFTMAX', 'softmax'],
    ]);
    expect(report.layers.reduce((sum, { romBytes }) => sum + romBytes, 0)).toBe(report.romBytes);
    expect(Math.max(...report.layers.map(({ arenaBytes }) => arenaBytes))).toBeLessThanOrEqual(report.arenaBytes);
  });

  it.each([
    [0, '0', '0 B'],
    [999, '999', '999 B'],
    [1000, '1.00 k', '1.00 kB'],
    [12_345, '12.3 k', '12.3 kB'],
    [123_456_789, '123 M', '123 MB'],
  ])('abbreviates %d', (value, count, bytes) => {
    expect([countText(value), bytesText(value)]).toEqual([count, bytes]);
  });

  it('shortens the names that converters make', () => {
    expect(shortName('functional_1/activation/Relu;functional_1/batch/FusedBatchNormV3')).toBe('activation/Relu');
    expect(shortName('')).toBe('unnamed');
    expect(shortName('x'.repeat(100))).toHaveLength(48);
  });
});

describe('as text', () => {
  it('marks the columns that a narrow terminal lacks', () => {
    const header = (width: number) =>
      renderText(inspectModel(modelBytes('micro_speech'), { name: 'm' }), width)
        .split('\n')
        .find((line) => line.includes('layer '))!;
    expect(header(133)).toMatch(/ arena$/);
    expect(header(50)).toMatch(/…$/);
  });

  it.each([40, 60, 80, 133])('fits into %d columns', (width) => {
    for (const name of SHIPPED) {
      const text = renderText(inspectModel(modelBytes(name), { name }), width);
      for (const line of text.split('\n').filter((line) => !line.startsWith('  ') || line.includes('│'))) {
        if (line.startsWith('memory plan')) continue;
        expect([...line].length, line).toBeLessThanOrEqual(width);
      }
    }
  });

  it('has the same text with and without colours', () => {
    const report = inspectModel(modelBytes('kws'), { name: 'kws' });
    const esc = String.fromCharCode(27);
    expect(renderText(report, 80)).not.toContain(esc);
    expect(renderText(report, 80, true).replaceAll(new RegExp(`${esc}\\[\\d+m`, 'g'), '')).toBe(renderText(report, 80));
  });

  it('draws one row for each layer', () => {
    const rows = renderText(inspectModel(modelBytes('micro_speech'), { name: 'x' }), 80)
      .split('\n')
      .filter((line) => line.includes('│'));
    expect(rows).toHaveLength(4);
  });
});

describe('as a page', () => {
  it('has no external resource and no script', () => {
    const page = renderHtml(inspectModel(modelBytes('kws'), { name: 'kws' }));
    expect(page).not.toMatch(/<script|https?:|url\(|@import|<link|<img/i);
    expect(page).toContain('prefers-color-scheme');
  });

  it('draws every block of the plan with its name and bytes', () => {
    const report = inspectModel(modelBytes('kws'), { name: 'kws' });
    const page = renderHtml(report);
    expect(page.match(/<g class="block/g)).toHaveLength(report.plan.length);
    for (const { name, bytes } of report.plan) expect(page).toContain(escapeHtml(`${name}: ${bytesText(bytes)} at `));
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('shows names of a hostile model as text', () => {
    const evil = '</title><script>alert(1)</script>" onload="x';
    const model = buildModel(
      [
        { shape: [1, 4], name: evil },
        { shape: [1, 4], name: `a/${evil}` },
      ],
      [{ code: 0, inputs: [0, 0], outputs: [1], options: { 0: ['int8', 0] } }],
      [0],
      [1],
    );
    const page = renderHtml(inspectModel(model, { name: evil }));
    expect(page).not.toContain('<script');
    expect(page).not.toContain('" onload');
    expect(page.match(/<\/title>/g)!.length).toBe(1 + page.match(/<title>/g)!.length - 1);
  });
});
