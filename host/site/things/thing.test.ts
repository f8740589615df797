import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cases } from '../../base/test-form.ts';
import { online } from '../../messaging/topics/examples.ts';
import { encodeState } from '../../messaging/topics/index.ts';
import { SqliteRegistry } from '../store/index.ts';
import { Births } from './births.ts';
import { type ThingSource, thingDescription } from './thing.ts';

/** The schema that the Working Group publishes. Its formats are of addresses and times. */
const file = createRequire(import.meta.url).resolve(
  'wot-thing-description-types/schema/td-json-schema-validation.json',
);
const formats = {
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
  uri: (text: string) => URL.canParse(text),
  'iri-reference': (text: string) => URL.canParse(text, 'http://x/'),
};
const validate = new Ajv({ strict: false, formats }).compile(JSON.parse(readFileSync(file, 'utf8')));

const source: ThingSource = {
  namespace: 'mote',
  node: 'pump-7',
  birth: online.birth!,
  bornUs: 1_790_000_000_000_000,
  events: ['alert'],
  asset: 'acme/hall 2',
  apiUrl: 'http://127.0.0.1:8080',
  secured: false,
  brokerUrl: 'mqtt://127.0.0.1:1883',
};

it('is valid by the published schema, whatever names a node has', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  const metric = fc.record({
    name,
    unit: fc.constantFrom('', 'Cel', '{rev}/min'),
    exponent: fc.integer({ min: -18, max: 18 }),
  });
  const births = fc.record({
    metrics: fc.array(metric, { maxLength: 4 }),
    commands: fc.array(name, { maxLength: 3 }),
    module: fc.constantFrom(null, online.birth!.module),
    firmware: fc.record({ name, version: name }),
  });
  fc.assert(
    fc.property(births, fc.array(name, { maxLength: 2 }), fc.boolean(), (birth, events, secured) => {
      const thing = thingDescription({ ...source, birth: { ...source.birth, ...birth }, events, secured });
      const valid = validate(JSON.parse(JSON.stringify(thing)));
      expect(validate.errors).toBe(null);
      expect(valid).toBe(true);
    }),
    { numRuns: cases(500) },
  );
  expect(validate({ ...thingDescription(source), security: undefined })).toBe(false);
});

it('has metrics as properties with unit and type, commands as actions, and events', () => {
  const thing = thingDescription(source);
  const [metric] = source.birth.metrics;
  expect(thing).toMatchObject({ title: 'pump-7', modified: '2026-09-21T14:13:20Z', description: 'At acme/hall 2.' });
  expect(thing.id).toBe(thingDescription({ ...source, events: [] }).id);
  const href = `http://127.0.0.1:8080/api/things/pump-7/properties/${metric!.name}`;
  expect((thing.properties as Record<string, object>)[metric!.name]).toMatchObject({
    type: 'number',
    unit: metric!.unit,
    forms: [{ href }],
  });
  expect(Object.keys(thing.actions as object)).toEqual(source.birth.commands);
  expect(Object.keys(thing.events as object)).toEqual(['alert']);
});

it('is made of the last birth of a node, which a restart keeps', async () => {
  const registry = await SqliteRegistry.open(':memory:');
  const births = await Births.open(registry, 'mote');
  const message = (topic: string, payload: Uint8Array, receivedUs: number) => {
    return { id: 1, receivedUs, source: 'mqtt', topic, properties: {}, payload };
  };
  births.see(message('mote/d/pump-7/s', encodeState(online), 5));
  births.see(message('mote/d/pump-7/s', encodeState({ ...online, birth: null }), 6));
  births.see(message('mote/d/pump-7/s', Buffer.from('no state'), 7));
  births.see(message('mote/d/x/y/s', encodeState(online), 8));
  births.see(message('other/d/pump-8/s', encodeState(online), 8));
  births.see(message('mote/d/pump-9/t', encodeState(online), 8));
  await births.close();
  const again = await Births.open(registry, 'mote');
  expect(again.nodes).toEqual(['pump-7']);
  expect(again.of('pump-7')).toEqual({ birth: online.birth, bornUs: 5 });
  await registry.close();
});
