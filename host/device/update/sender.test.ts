/** The shim's end of a transfer, by the statuses that it receives. */
import { describe, expect, it } from 'vitest';
import type { OtaStatus } from '../link/messages.ts';
import { PackageSender } from './transfer.ts';

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
const sender = (options = {}) =>
  new PackageSender({ bytes, sequence: 2, chunkBytes: 100, windowChunks: 4, ...options });
const status = (to: PackageSender, state: OtaStatus['state'], received = 0, more: Partial<OtaStatus> = {}) =>
  to.onStatus({ type: 'ota', state, sequence: 2, sha256: to.sha256, received, total: 1000, ...more });

describe('the sender of a package', () => {
  it('sends nothing before the node has answered its offer, also after the node accepted an earlier one', () => {
    const to = sender();
    expect([to.state, to.next()]).toEqual(['offered', null]);
    status(to, 'receiving');
    expect([to.state, to.next()?.offset]).toEqual(['receiving', 0]);
    expect(to.offer()).toEqual({ type: 'offer', sha256: to.sha256, sequence: 2, total: 1000 });
    expect([to.state, to.next()]).toEqual(['offered', null]);
    status(to, 'receiving', 300);
    expect(to.next()).toMatchObject({ type: 'chunk', offset: 300, transfer: to.sha256.slice(0, 8) });
  });

  it('sends chunks of at most the size that is asked for, and of one byte at least', () => {
    const to = sender();
    status(to, 'receiving');
    expect([to.next(30), to.next(500), to.next(0)].map((chunk) => chunk?.bytes.length)).toEqual([30, 100, 1]);
    status(to, 'receiving', 950);
    expect([to.next()?.bytes, to.next()]).toEqual([bytes.subarray(950), null]);
  });

  it.each<[OtaStatus['state'], number]>([
    ['verifying', 1000],
    ['swapping', 1000],
    ['trial', 1000],
    ['confirmed', 1000],
    ['refused', 200],
    ['rolledback', 200],
  ])('sends nothing more when the node reports %s', (state, acknowledged) => {
    const to = sender();
    to.offer();
    status(to, 'receiving', 200);
    const reason = { code: 'A', text: 'b' };
    status(to, state, 0, { reason });
    expect([to.state, to.next(), to.acknowledged, to.reason]).toEqual([state, null, acknowledged, reason]);
    to.offer();
    expect([to.state, to.reason]).toEqual(['offered', undefined]);
  });

  it('goes on from the last chunk after a status with progress, and goes back after one without', () => {
    const to = sender();
    status(to, 'receiving');
    const offsets = () => [to.next()?.offset, to.next()?.offset];
    expect(offsets()).toEqual([0, 100]);
    status(to, 'receiving', 100);
    expect([offsets(), to.acknowledged]).toEqual([[200, 300], 100]);
    status(to, 'receiving', 100);
    expect(offsets()).toEqual([100, 200]);
    status(to, 'receiving', 800);
    expect(offsets()).toEqual([800, 900]);
    expect(to.next()).toBeNull();
  });

  it('ignores a status of another package, or with an offset outside its own', () => {
    const to = sender();
    status(to, 'refused', 0, { sha256: new Uint8Array(32) });
    for (const received of [-1, 0.5, 1001]) status(to, 'refused', received);
    expect(to.state).toBe('offered');
    status(to, 'confirmed', 1000);
    expect(to.state).toBe('confirmed');
  });

  it('has a window of eight chunks of 1024 bytes unless it is given another', () => {
    const to = new PackageSender({ bytes: new Uint8Array(20_000), sequence: 2 });
    to.onStatus({ type: 'ota', state: 'receiving', sequence: 2, sha256: to.sha256, received: 0, total: 20_000 });
    const offsets: number[] = [];
    for (let chunk = to.next(); chunk !== null; chunk = to.next()) offsets.push(chunk.offset);
    expect(offsets).toEqual(Array.from({ length: 8 }, (_, i) => 1024 * i));
  });

  it.each([
    [{ windowChunks: 3 }, '100 and 3'],
    [{ chunkBytes: 0 }, '0 and 4'],
  ])('rejects the options %o with the least ones', (options, given) => {
    const message = `A chunk needs at least 1 byte and a window at least 4 chunks, not ${given}.`;
    expect(() => sender(options)).toThrow(expect.objectContaining({ code: 'OTA_FORMAT', message }));
    expect(sender({ chunkBytes: 1, windowChunks: 4 }).total).toBe(1000);
  });
});
