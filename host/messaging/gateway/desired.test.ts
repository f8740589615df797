import { expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import { encodeMessage, type OtaStatus, reason, type ShimMessage } from '../../device/link/index.ts';
import { birth } from '../topics/examples.ts';
import { Desired } from './desired.ts';
import { somePackage } from './fake-node.ts';

it('offers a package again that a node refused during a trial, when the trial has ended', () => {
  const sent: ShimMessage[] = [];
  const desired = new Desired({
    clock: new VirtualClock(1_700_000_000_000),
    link: () => ({ up: true, room: 64, peerMaxBytes: 8192, send: (message) => sent.push(message) > 0 }),
    onStatus: () => {},
  });
  const offers = () => sent.filter(({ type }) => type === 'offer');
  desired.born(birth, true);
  desired.set(somePackage(9));
  const [offer] = offers();
  if (offer?.type !== 'offer') throw new Error('it was not offered');
  const { sha256, sequence, total } = offer;
  const refused = (code: string): OtaStatus => ({
    type: 'ota',
    state: 'refused',
    sequence,
    sha256,
    received: 0,
    total,
    reason: { code, text: '' },
  });
  desired.status(refused('OTA_BUSY'));
  expect(offers()).toHaveLength(1);
  desired.born(birth, false);
  expect(offers()).toHaveLength(2);
  desired.status(refused('PKG_KEY'));
  desired.born(birth, false);
  desired.born(birth, true);
  expect(offers()).toHaveLength(2);
  desired.stop();
});

it('offers a package again when the time has passed that a node without budget named, and not in a loop', () => {
  const sent: ShimMessage[] = [];
  const clock = new VirtualClock(1_700_000_000_000);
  const desired = new Desired({
    clock,
    link: () => ({ up: true, room: 64, peerMaxBytes: 8192, send: (message) => sent.push(message) > 0 }),
    onStatus: () => {},
  });
  const offers = () => sent.filter(({ type }) => type === 'offer').length;
  desired.born(birth, true);
  desired.set(somePackage(9));
  const [offer] = sent;
  if (offer?.type !== 'offer') throw new Error('it was not offered');
  const { sha256, sequence, total } = offer;
  const status: OtaStatus = { type: 'ota', state: 'refused', sequence, sha256, received: 0, total };
  const refuse = (seconds: number) => desired.status({ ...status, reason: reason('ota_budget', 16, seconds) });
  refuse(5400);
  clock.advance(5_399_999);
  expect(offers()).toBe(1);
  clock.advance(1);
  expect(offers()).toBe(2);
  refuse(0);
  clock.advance(59_999);
  expect(offers()).toBe(2);
  clock.advance(1);
  expect(offers()).toBe(3);
  // The head alone, of at least 512 bytes, then everything.
  desired.status({ ...status, state: 'receiving', total: 0 });
  clock.advance(1e6);
  const chunks = () => sent.flatMap((message) => (message.type === 'chunk' ? [message.offset] : []));
  expect(chunks()).toEqual([0]);
  desired.status({ ...status, state: 'receiving' });
  expect(chunks().slice(0, 3)).toEqual([0, 0, 2048]);
  refuse(5400);
  desired.stop();
  clock.advance(1e9);
  expect(offers()).toBe(3);
});

it('cuts a package into chunks of the size that the node accepts, however small', () => {
  const bytes = somePackage(9);
  for (const peerMaxBytes of [280, 1280, 8192]) {
    const sent: ShimMessage[] = [];
    const desired = new Desired({
      clock: new VirtualClock(1_700_000_000_000),
      link: () => ({ up: true, room: 64, peerMaxBytes, send: (message) => sent.push(message) > 0 }),
      onStatus: () => {},
    });
    desired.born(birth, true);
    desired.set(bytes);
    const [offer] = sent;
    if (offer?.type !== 'offer') throw new Error('it was not offered');
    const { sha256, sequence, total } = offer;
    const parts = () => sent.flatMap((message) => (message.type === 'chunk' ? [message.bytes] : []));
    for (let received = 0; received < total; received = Buffer.concat(parts()).length)
      desired.status({ type: 'ota', state: 'receiving', sequence, sha256, received, total });
    desired.stop();
    expect(Buffer.concat(parts()).equals(Buffer.from(bytes))).toBe(true);
    const longest = Math.max(...sent.map((message) => encodeMessage(message).length));
    expect(longest).toBeLessThanOrEqual(peerMaxBytes);
    expect(longest).toBeGreaterThan(Math.min(peerMaxBytes, 2048) - 24);
  }
});
