import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bytes, connected } from '../mqtt/testing.ts';
import { startEmbeddedBroker } from './broker.ts';

it('continues when its disk is full for a retained message, and stores the next one on disk', async () => {
  const root = mkdtempSync(join(tmpdir(), 'moteware-broker-'));
  const dataDir = join(root, 'data');
  const broker = await startEmbeddedBroker({ port: 0, dataDir });
  rmSync(dataDir, { recursive: true });
  let cutOff = () => {};
  const sign = new Promise<void>((resolve) => {
    cutOff = resolve;
  });
  const client = await connected(broker.url, { onOffline: () => cutOff() });
  client.enqueue('a/b', bytes('one'), { retain: true });
  await sign;
  mkdirSync(dataDir);
  await client.publish('a/c', bytes('two'), { qos: 1, retain: true });
  client.close();
  await broker.close();
  expect(readdirSync(dataDir)).toHaveLength(1);
  rmSync(root, { recursive: true });
});
