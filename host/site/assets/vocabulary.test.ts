import { expect, it } from 'vitest';
import { TERMS } from './terms.ts';
import { tagChecks } from './vocabulary.ts';

it('accepts its own terms and those of a plant in one spelling, and leaves free keys alone', async () => {
  const check = await tagChecks();
  for (const [key, terms] of Object.entries(TERMS))
    for (const term of terms.keys()) expect([key, check(key, term)]).toEqual([key, null]);
  expect(check('medium', 'hydraulic_oil')).toBe(null);
  expect(check('medium', 'Hydraulic oil')).toMatch(/such as "hydraulic_oil"/);
  expect(check('equipment', 'Pumpe Ä')).toMatch(/is not written in lower case/);
  expect(check('unit', '{rev}/min')).toBe(null);
  expect(check('note', 'Whatever IT is')).toBe(null);
});

it('maps terms to the ontology that has them', () => {
  expect(TERMS.quantity.get('temperature')).toBe('http://qudt.org/vocab/quantitykind/Temperature');
  expect(TERMS.quantity.get('electric_current')).toBe('http://qudt.org/vocab/quantitykind/ElectricCurrent');
  expect(TERMS.quantity.get('rotational_speed')).toBe('https://brickschema.org/schema/Brick#Rotational_Speed');
  expect(TERMS.medium.get('hot_water')).toBe('https://brickschema.org/schema/Brick#Hot_Water');
  expect(TERMS.equipment.get('heat_exchanger')).toBe('https://brickschema.org/schema/Brick#Heat_Exchanger');
});
