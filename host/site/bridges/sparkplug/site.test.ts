/** A site as an edge node of its own broker. */
import { afterEach, expect, it } from 'vitest';
import { connected, Inbox } from '../../../messaging/mqtt/testing.ts';
import { TestSite } from '../../process/testing.ts';

let test: TestSite | undefined;
afterEach(() => test?.delete());

it('publishes what it decodes, and does not store its own messages', async () => {
  test = new TestSite();
  const site = await test.start(`sparkplug: { group: plant, edge: site1, periodMs: 100 }
decoders:
  - name: press
    topics: [press/data]
    decoder: { kind: json, version: 1, options: { device: press, fields: [{ at: /f, name: force, unit: kN, exponent: -1 }] } }`);
  const inbox = new Inbox();
  const client = await connected(site.brokerUrl);
  await client.subscribe({ filter: 'spBv1.0/#', qos: 1 }, inbox.push);
  await client.publish('press/data', Buffer.from('{"f": 2.5}'), { qos: 1 });
  const [birth] = await inbox.until((messages) => messages.some(({ topic }) => topic.includes('DBIRTH')));
  expect(birth!.topic).toBe('spBv1.0/plant/DBIRTH/site1/press');
  await test.applied();
  const topics = await site.store.telemetry.query('SELECT DISTINCT device FROM series');
  expect(topics).toEqual([{ device: 'press' }]);
  const { json } = await test.request('/api/status');
  expect(json.sparkplug).toMatchObject({ online: true, born: true, hostOnline: null, devices: 1, published: 2 });
  expect(json.ingest.applied).toBe(1);
  expect((await test.request('/metrics')).text).toContain('mote_site_sparkplug_born 1');
  client.close();
});
