import { expect, it } from 'vitest';
import type { OtaStatus, ShimMessage } from '../link/index.ts';
import { Desired } from './desired.ts';
import { birth } from './examples.ts';
import { somePackage } from './fake-node.ts';
import { VirtualClock } from './testing.ts';

it('offers a package again that a node refused because a trial was under way, once that is over', () => {
  const sent: ShimMessage[] = [];
  const desired = new Desired({
    clock: new VirtualClock(),
    link: () => ({ up: true, room: 64, send: (message) => sent.push(message) > 0 }),
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
