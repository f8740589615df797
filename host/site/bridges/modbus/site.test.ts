/** A site that polls a device: stored, shown, counted, and decoded again by a corrected mapping. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { TestSite } from '../../process/testing.ts';
import { type Peer, startModbusSerial } from './testing/peers.ts';

let test: TestSite | undefined;
let peer: Peer | undefined;
afterEach(async () => {
  await test?.delete();
  await peer?.close();
});

it('stores what a device holds, and corrects a wrong mapping over the history', async () => {
  test = new TestSite();
  const device = await startModbusSerial([0x3d71, 0x41ac, 215]);
  peer = device;
  const yaml = (order: string) => {
    writeFileSync(
      join(test!.dir, 'meter.yaml'),
      `registers:
  - { address: 0, type: float32, wordOrder: ${order}, exponent: -2, device: meter, name: power, unit: kW, deadband: 0 }
  - { address: 2, scale: 0.1, device: meter, name: temperature, unit: °C, deadband: 0 }\n`,
    );
    return `modbus: { connections: [{ name: meter, address: "127.0.0.1:${device.port}", mapping: meter.yaml, pollMs: 20 }] }`;
  };
  const site = await test.start(yaml('big'));
  const values = async () => {
    await test!.applied();
    return (await test!.points()).map((point) => point.replace(/ \| \d{16} /, ' '));
  };
  await expect.poll(values, { timeout: 30_000 }).toHaveLength(2);
  expect((await values())[1]).toBe('meter | temperature | Cel | -1 | 215 | 0');
  expect((await values())[0]).not.toBe('meter | power | kW | -2 | 2153 | 0');
  await site.reload(test.config(yaml('little')));
  await expect.poll(values, { timeout: 30_000 }).toContain('meter | power | kW | -2 | 2153 | 0');
  expect(await values()).toHaveLength(2);
  const { json } = await test.request('/api/status');
  expect(json.modbus.connections).toMatchObject([{ name: 'meter', online: true, values: 2, failed: {}, away: [] }]);
  await peer.close();
  const failures = async () => (await test!.request('/metrics')).text;
  await expect.poll(failures, { timeout: 30_000 }).toMatch(/modbus_failed_total\{connection="meter",reason="\w+"\} 1/);
  peer = undefined;
});
