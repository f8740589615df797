import { beforeEach, describe, expect, it } from 'vitest';
import type { Birth } from '../../device/link/index.ts';
import { encodeItem } from '../topics/index.ts';
import { JsonTopics } from './json-topics.ts';

const birth = (metrics: Birth['metrics'], commands: string[] = []): Birth => ({
  type: 'birth',
  node: 'press-7',
  boot: 3,
  firmware: { name: 'fw', version: '1.0.0' },
  module: { name: 'vib', version: '2.0.0', sequence: 4, sha256: Uint8Array.of(0xab), slot: 0, state: 'confirmed' },
  metrics,
  commands,
});
const temperature = { name: 'oven temp', unit: 'Cel', exponent: -2 };
const tMs = Date.UTC(2026, 0, 2);

describe('the JSON of a node', () => {
  let sent: Map<string, unknown>;
  let topics: JsonTopics;
  const create = (discovery?: string) =>
    new JsonTopics({
      ns: 'mote',
      node: 'press-7',
      gatewayTopic: 'mote/gateway/0123456789ab',
      discovery,
      put: (topic, payload, { retain }) =>
        sent.set(
          `${retain ? 'retained ' : ''}${topic}`,
          payload.length === 0 ? '' : JSON.parse(`${Buffer.from(payload)}`),
        ),
    });
  beforeEach(() => {
    sent = new Map();
    topics = create();
  });

  it('is the state, retained, with the birth', () => {
    topics.state(true, birth([temperature], ['blink']));
    expect([...sent]).toEqual([
      [
        'retained mote/json/press-7/state',
        {
          online: true,
          gateway: 'mote/gateway/0123456789ab',
          node: 'press-7',
          boot: 3,
          firmware: { name: 'fw', version: '1.0.0' },
          module: { name: 'vib', version: '2.0.0', sequence: 4, sha256: 'ab', slot: 0, state: 'confirmed' },
          metrics: [temperature],
          commands: ['blink'],
        },
      ],
    ]);
  });

  it('is the newest value of a metric in its unit, and the whole frame', () => {
    topics.state(true, birth([temperature]));
    topics.telemetry({
      ...{
        type: 'telemetry',
        metric: 0,
        t0Ms: tMs,
        dtUs: 500_000,
        values: [2150, 2175],
        exponent: -2,
        quality: 0,
        seq: 9,
      },
    });
    expect(sent.get('mote/json/press-7/metric/oven_temp')).toEqual({
      ...{ time: '2026-01-02T00:00:00.500Z', value: 21.75, unit: 'Cel', values: [21.5, 21.75] },
      ...{ start: '2026-01-02T00:00:00.000Z', interval: 0.5, quality: 0, seq: 9 },
    });
  });

  it('is an event with its body, whatever the body is', () => {
    const body = (value: unknown) => {
      topics.event({ type: 'event', name: 'a/+#', tMs: 5, seq: 1, body: encodeItem(value) });
      return sent.get('mote/json/press-7/event/a___');
    };
    expect(
      body(
        new Map<string, unknown>([
          ['n', 2n ** 60n],
          ['b', Buffer.of(1, 255)],
        ]),
      ),
    ).toEqual({
      ...{ event_type: 'a/+#', time: null, seq: 1, body: { n: '1152921504606846976', b: '01ff' } },
    });
    topics.event({ type: 'event', name: 'bad', tMs, seq: 2, body: Uint8Array.of(0xff) });
    expect(sent.get('mote/json/press-7/event/bad')).toMatchObject({ body: null });
  });

  it('has no discovery unless it is asked for', () => {
    topics.state(true, birth([temperature], ['blink']));
    topics.event({ type: 'event', name: 'a', tMs, seq: 2, body: encodeItem(1) });
    expect([...sent.keys()].filter((topic) => !topic.includes('mote/json/'))).toEqual([]);
  });

  describe('with Home Assistant', () => {
    beforeEach(() => {
      topics = create('homeassistant');
      topics.state(true, birth([temperature, { name: 'level', unit: '1', exponent: 0 }], ['blink']));
    });
    const sensor = 'retained homeassistant/sensor/mote_press-7/oven_temp/config';

    it('has a sensor for each metric and a button for each command', () => {
      expect(sent.get(sensor)).toEqual({
        name: 'oven temp',
        unique_id: 'mote_press-7_sensor_oven_temp',
        state_topic: 'mote/json/press-7/metric/oven_temp',
        value_template: '{{ value_json.value }}',
        state_class: 'measurement',
        unit_of_measurement: '°C',
        device_class: 'temperature',
        availability: ['mote/json/press-7/state', 'mote/gateway/0123456789ab'].map((topic) => ({
          topic,
          value_template: "{{ 'online' if value_json.online else 'offline' }}",
        })),
        availability_mode: 'all',
        device: {
          ...{ identifiers: ['mote_press-7'], name: 'press-7', manufacturer: 'moteware' },
          ...{ model: 'vib', sw_version: '2.0.0' },
        },
        origin: { name: 'moteware', sw_version: expect.stringMatching(/^\d/) },
      });
      expect(sent.get('retained homeassistant/sensor/mote_press-7/level/config')).not.toHaveProperty(
        'unit_of_measurement',
      );
      expect(sent.get('retained homeassistant/button/mote_press-7/blink/config')).toMatchObject({
        command_topic: 'mote/d/press-7/cmd',
        payload_press: '{"name":"blink"}',
      });
    });

    it('has an event entity from the first event of a name', () => {
      topics.event({ type: 'event', name: 'shock', tMs, seq: 1, body: encodeItem(1) });
      expect(sent.get('retained homeassistant/event/mote_press-7/shock/config')).toMatchObject({
        state_topic: 'mote/json/press-7/event/shock',
        event_types: ['shock'],
      });
    });

    it('removes sensors and buttons of an earlier run, whether it finds them before or after the birth', () => {
      const old = (component: string, name: string) => `homeassistant/${component}/mote_press-7/${name}/config`;
      expect(topics.discovered).toBe('homeassistant/+/mote_press-7/+/config');
      sent.clear();
      topics.found(old('sensor', 'oven_temp'));
      topics.found(old('event', 'shock'));
      expect([...sent]).toEqual([]);
      topics.found(old('sensor', 'gone'));
      expect([...sent]).toEqual([[`retained ${old('sensor', 'gone')}`, '']]);
      const later = create('homeassistant');
      sent.clear();
      for (const topic of [old('sensor', 'oven_temp'), old('button', 'gone'), old('event', 'shock')])
        later.found(topic);
      expect([...sent]).toEqual([]);
      later.state(true, birth([temperature]));
      expect(sent.get(sensor)).toMatchObject({ name: 'oven temp' });
      expect([...sent].filter(([, value]) => value === '')).toEqual([[`retained ${old('button', 'gone')}`, '']]);
    });

    it('has at most 1000 entities of a node that invents names of events', () => {
      sent.clear();
      for (let i = 0; i < 1200; i++) topics.event({ type: 'event', name: `e${i}`, tMs, seq: i, body: encodeItem(1) });
      expect([...sent.keys()].filter((topic) => topic.includes('homeassistant/event/'))).toHaveLength(997);
      expect([...sent.keys()].filter((topic) => topic.includes('mote/json/'))).toHaveLength(1200);
    });

    it('publishes what has changed, and removes what a new module lacks', () => {
      topics.event({ type: 'event', name: 'shock', tMs, seq: 1, body: encodeItem(1) });
      sent.clear();
      topics.state(true, birth([temperature, { name: 'level', unit: '1', exponent: 0 }], ['blink']));
      expect([...sent.keys()]).toEqual(['retained mote/json/press-7/state']);
      sent.clear();
      topics.state(true, birth([temperature]));
      expect([...sent].filter(([, value]) => value === '').map(([topic]) => topic)).toEqual([
        'retained homeassistant/sensor/mote_press-7/level/config',
        'retained homeassistant/button/mote_press-7/blink/config',
      ]);
    });
  });
});
