import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packagePath } from '../../base/index.ts';
import { flashRegion, KeyValueStore } from '../flash/index.ts';
import { generateKeyPair, keyId } from '../package/index.ts';
import { DEFAULT_LAYOUT, NodeStorage, provision, readIdentity, volatileFlash, writeIdentity } from './storage.ts';

const spec = readFileSync(packagePath('docs', 'spec', 'node.md'), 'utf8');
const example = (key: string) =>
  spec
    .split('\n')
    .find((line) => line.startsWith(`| \`${key}\``))!
    .match(/`([0-9a-f]{8,})`/)![1]!;
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes!).toString('hex');

it('the store of the agent is as docs/spec/node.md shows it', () => {
  const flash = volatileFlash();
  let storage = new NodeStorage(flash, DEFAULT_LAYOUT, false);
  for (let start = 2; start <= 3; start++) storage = new NodeStorage(flash, DEFAULT_LAYOUT, false);
  storage.saveConfig({ threshold: 200, gain: -2 });
  const agent = KeyValueStore.open(flashRegion(flash, 0, 2));
  expect(hex(agent.get('boot'))).toBe(example('boot'));
  expect(hex(agent.get('config'))).toBe(example('config'));
  expect(storage.loadConfig()).toEqual({ threshold: 200, gain: -2 });
});

it('the identity and the trusted keys of a node are as docs/spec/node.md shows them', () => {
  const flash = volatileFlash();
  expect(readIdentity(flash)).toEqual({ id: null, publicKeys: [], product: '', group: '' });
  const x = Buffer.from(example('keys').slice(6), 'hex').toString('base64url');
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  writeIdentity(flash, { id: 'pump-7', publicKeys: [publicKey], product: 'door', group: 'hall-2' });
  const agent = KeyValueStore.open(flashRegion(flash, 0, 2));
  expect(hex(agent.get('id'))).toBe(example('id'));
  expect(hex(agent.get('keys'))).toBe(example('keys'));
  expect(hex(agent.get('product'))).toBe(example('product'));
  expect(hex(agent.get('group'))).toBe(example('group'));
  const other = generateKeyPair().publicKey;
  writeIdentity(flash, { id: null, publicKeys: [other, publicKey] });
  const { id, publicKeys, product, group } = readIdentity(flash);
  expect([product, group]).toEqual(['door', 'hall-2']);
  expect([id, publicKeys.map(keyId)]).toEqual(['pump-7', [keyId(other), keyId(publicKey)]]);
});

it.each([
  ['another message', '82061a004c4b40'],
  ['noise', 'ffffffff'],
  ['nothing', ''],
])('a stored configuration that is %s counts as absent', (_, stored) => {
  const flash = volatileFlash();
  const agent = KeyValueStore.open(flashRegion(flash, 0, 2));
  agent.set('config', Buffer.from(stored, 'hex'));
  agent.set('boot', Uint8Array.of(1));
  const storage = new NodeStorage(flash, DEFAULT_LAYOUT, false);
  expect([storage.loadConfig(), storage.boot]).toEqual([null, 1]);
});

it('a module that fills its store does not affect the store of the agent', () => {
  const storage = new NodeStorage(volatileFlash(), DEFAULT_LAYOUT, false);
  expect(() => {
    for (let i = 0; ; i++) storage.kv.set(`k${i}`, new Uint8Array(1000));
  }).toThrow(expect.objectContaining({ code: 'KV_FULL' }));
  storage.saveConfig({ a: 1 });
  expect(storage.loadConfig()).toEqual({ a: 1 });
});

it('a node is provisioned once', () => {
  const flash = volatileFlash();
  expect(provision(flash, 1, Uint8Array.of(1, 2, 3))).toBe(true);
  expect(provision(flash, 2, Uint8Array.of(4))).toBe(false);
  expect(new NodeStorage(flash, DEFAULT_LAYOUT, true).slots!.active()).toMatchObject({
    sequence: 1,
    state: 'confirmed',
    total: 3,
  });
});
