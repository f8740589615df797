import { UcumLhcUtils } from '@lhncbc/ucum-lhc';
import { describe, expect, it } from 'vitest';
import { KNOWN_CODES, knownUnit, unitOf } from './spelling.ts';

const ucum = UcumLhcUtils.getInstance();

describe('units as people write them', () => {
  it.each(KNOWN_CODES)('%s is a code of UCUM', (code) => {
    expect(ucum.validateUnitString(code)).toMatchObject({ status: 'valid', ucumCode: code });
  });

  it('no spelling means two codes', () => {
    const codes = KNOWN_CODES.map((code) => [code, knownUnit(code)]);
    expect(codes.filter(([code, read]) => code !== read)).toEqual([]);
  });

  it.each([
    ['°C', 'Cel'],
    [' degC ', 'Cel'],
    ['rpm', '{rev}/min'],
    ['m³/h', 'm3/h'],
    ['kWh/d', 'kW.h/d'],
    ['µg/m³', 'ug/m3'],
    ['%RH', '%{RH}'],
    ['widgets', '{widgets}'],
    ['m/s2', 'm/s2'],
    ['{custom}/h', '{custom}/h'],
    ['', ''],
    ['  ', ''],
    ['日', ''],
    ['a}b', 'a}b'],
  ])('%j is %j', (text, code) => {
    expect(unitOf(text)).toBe(code);
  });
});
