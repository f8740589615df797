/** Nodes as things, by the API of a site that runs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { expect, it } from 'vitest';
import { online, telemetry } from '../../messaging/topics/examples.ts';
import { encodeState, encodeTelemetry } from '../../messaging/topics/index.ts';
import { parseConfig } from '../config/index.ts';
import { Site } from './index.ts';
import { quiet } from './testing.ts';

it('describes a node that was born, also after a restart, and has its values where it names them', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'moteware-things-'));
  const config = parseConfig('broker: embedded:0\nhttp: { listen: 127.0.0.1:0 }', join(dir, 'site.yaml'));
  let site = await Site.start(config, { log: quiet });
  try {
    const node = await mqtt.connectAsync(site.brokerUrl, { protocolVersion: 5, reconnectPeriod: 0 });
    await node.publishAsync('mote/d/pump-7/s', Buffer.from(encodeState(online)), { qos: 1 });
    const t0Ms = Date.UTC(2026, 8, 21, 14);
    const frame = { ...telemetry, t0Ms, values: [...telemetry.values, 987_654_321] };
    await node.publishAsync('mote/d/pump-7/t', Buffer.from(encodeTelemetry(frame)), { qos: 1 });
    await node.endAsync();
    await site.store.still(async () => {});
    await site.close();
    site = await Site.start(config, { log: quiet });
    const get = async (path: string) => {
      const response = await fetch(new URL(path, site.apiUrl));
      return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
    };
    expect(JSON.parse((await get('/api/things')).text)).toEqual({ things: ['pump-7'] });
    const { type, text } = await get('/api/things/pump-7');
    expect(type).toBe('application/td+json');
    const thing = JSON.parse(text);
    const { name, unit } = online.birth!.metrics[telemetry.metric]!;
    expect(thing.properties[name]).toMatchObject({ type: 'number', unit });
    expect(thing.securityDefinitions.api).toEqual({ scheme: 'nosec' });
    const value = await get(thing.properties[name].forms[0].href);
    expect([value.type, Number(value.text)]).toEqual(['application/json', 987_654_321 * 10 ** telemetry.exponent]);
    expect((await get('/api/things/none')).status).toBe(404);
    expect((await get('/api/things/pump-7/properties/none')).status).toBe(404);
  } finally {
    await site.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
