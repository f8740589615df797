import { describe, expect, it } from 'vitest';
import { MoteError } from '../../base/index.ts';
import { MemoryFlash, PowerCut } from '../flash/index.ts';
import type { Chunk, Offer, OtaStatus } from '../link/messages.ts';
import { SlotStore } from './slots.ts';
import { PackageSender, type ReceiverOptions, UpdateReceiver } from './transfer.ts';

const PAGE = 4096;
const TOTAL = 100_003;
const bytes = Uint8Array.from({ length: TOTAL }, (_, i) => (i * 7 + (i >> 8) * 13) & 0xff);
const makeFlash = () => new MemoryFlash({ sizeBytes: 60 * PAGE });

function receiverOn(
  flash: MemoryFlash,
  verify: ReceiverOptions['verify'] = () => {},
  more: Partial<ReceiverOptions> = {},
) {
  const slots = SlotStore.open(flash);
  return { slots, receiver: new UpdateReceiver({ slots, nowUs: () => 0, verifyHead: () => {}, verify, ...more }) };
}
/** Runs both ends until neither has a message to send, or `chunks` were sent. Returns the statuses and the chunks. */
function run(sender: PackageSender, receiver: UpdateReceiver, first: Offer | null, chunks = Number.POSITIVE_INFINITY) {
  const statuses: OtaStatus[] = [];
  const sent: Chunk[] = [];
  const deliver = (message: Offer | Chunk) => {
    const answers = receiver.handle(message);
    while (receiver.erasing) answers.push(...receiver.erase());
    for (const status of answers) {
      statuses.push(status);
      sender.onStatus(status);
    }
  };
  if (first) deliver(first);
  while (sent.length < chunks) {
    const chunk = sender.next();
    if (chunk === null) break;
    sent.push(chunk);
    deliver(chunk);
  }
  return { statuses, sent };
}
const states = (statuses: OtaStatus[]) => [...new Set(statuses.map(({ state }) => state))];

describe('a transfer', () => {
  it('sends a package in order and within the window, and the node verifies it at the end', () => {
    let verified = 0;
    const { slots, receiver } = receiverOn(makeFlash(), (whole, sequence) => {
      expect(whole).toEqual(bytes);
      verified = sequence;
    });
    const sender = new PackageSender({ bytes, sequence: 2 });
    expect(sender.next()).toBeNull();
    const { statuses, sent } = run(sender, receiver, sender.offer());
    expect(states(statuses)).toEqual(['receiving', 'verifying']);
    // The head, then everything from the start.
    expect(sent.slice(0, 3).map(({ offset }) => offset)).toEqual([0, 0, 1024]);
    expect(statuses.slice(0, 2)).toMatchObject([
      { received: 0, total: 0 },
      { received: 0, total: TOTAL },
    ]);
    const chunks = Math.ceil(TOTAL / 1024);
    expect(sent.length).toBe(1 + chunks);
    expect(statuses.length).toBe(2 + Math.floor(chunks / 4) + 1);
    expect([verified, sender.state, sender.acknowledged, sender.next()]).toEqual([2, 'verifying', TOTAL, null]);
    expect(receiver.ready).toMatchObject({ sequence: 2, state: 'ready' });
    slots.startTrial();
    slots.boot();
    expect(run(sender, receiver, sender.offer()).statuses).toMatchObject([{ state: 'trial' }]);
    slots.confirm();
    expect(run(sender, receiver, sender.offer()).statuses).toMatchObject([{ state: 'confirmed', received: TOTAL }]);
    expect(receiver.ready).toBeNull();
  });

  it('sends at most its window before the node acknowledges', () => {
    const sender = new PackageSender({ bytes, sequence: 2, windowChunks: 4, chunkBytes: 100 });
    sender.offer();
    const status: OtaStatus = {
      type: 'ota',
      state: 'receiving',
      sequence: 2,
      sha256: sender.sha256,
      received: 0,
      total: TOTAL,
    };
    sender.onStatus(status);
    const offsets = [];
    for (let chunk = sender.next(); chunk; chunk = sender.next()) offsets.push(chunk.offset);
    expect(offsets).toEqual([0, 100, 200, 300]);
    sender.onStatus({ ...status, received: 200 });
    expect([sender.next()?.offset, sender.next()?.offset, sender.next()]).toEqual([400, 500, null]);
    sender.onStatus({ ...status, received: 200 });
    expect(sender.next()?.offset).toBe(200);
    sender.onStatus({ ...status, received: 100 });
    expect(sender.next()?.offset).toBe(100);
    for (const received of [-1, 0.5, TOTAL + 1]) sender.onStatus({ ...status, received });
    sender.onStatus({ ...status, received: 0, sha256: new Uint8Array(32) });
    expect(sender.next()?.offset).toBe(200);
  });

  it.each([4, 8])(
    'survives 20 random cuts, resumes where it was, and never blocks, with a window of %i',
    (windowChunks) => {
      let x = 2024;
      const random = (limit: number) => {
        x ^= x << 13;
        x ^= x >>> 17;
        x ^= x << 5;
        return (x >>> 0) % limit;
      };
      const flash = makeFlash();
      let { slots, receiver } = receiverOn(flash);
      const sender = new PackageSender({ bytes, sequence: 2, windowChunks });
      let sent = 0;
      let allowed = TOTAL;
      for (let cut = 0; cut < 20; cut++) {
        const before = slots.transfer()?.received ?? 0;
        const lostPower = cut % 2 === 1;
        if (lostPower) ({ slots, receiver } = receiverOn(flash));
        const { statuses, sent: chunks } = run(sender, receiver, sender.offer(), 1 + random(8));
        const resumed = statuses[0]!.received;
        // A lost link loses no received byte. A restart loses the page that was being written, and at most the one
        // before.
        if (lostPower) expect(resumed).toBeGreaterThan(before - 2 * PAGE);
        else expect(resumed).toBe(before);
        expect(chunks[0]!.offset).toBe(resumed);
        allowed += lostPower ? 2 * PAGE : 0;
        sent += chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
      }
      sent += run(sender, receiver, sender.offer()).sent.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
      expect(receiver.ready?.sequence).toBe(2);
      expect(slots.read(receiver.ready!.slot)).toEqual(bytes);
      expect(sent).toBeLessThan(allowed);
    },
  );

  it('goes back when the node misses chunks and reports the first of them', () => {
    const { receiver } = receiverOn(makeFlash());
    const sender = new PackageSender({ bytes, sequence: 2 });
    run(sender, receiver, sender.offer(), 1 + 5);
    sender.next();
    const late = [sender.next()!, sender.next()!];
    const answers = late.flatMap((chunk) => receiver.handle(chunk));
    const missing = { state: 'receiving', received: 5 * 1024 };
    expect(answers).toMatchObject([missing, missing]);
    for (const answer of answers) sender.onStatus(answer);
    expect(sender.next()!.offset).toBe(5 * 1024);
  });

  it('continues with a node that restarted, without a new offer', () => {
    const flash = makeFlash();
    const sender = new PackageSender({ bytes, sequence: 2 });
    run(sender, receiverOn(flash).receiver, sender.offer(), 50);
    const again = receiverOn(flash);
    run(sender, again.receiver, null);
    expect(again.receiver.ready?.sequence).toBe(2);
  });

  it('verifies a package again when the node restarted after the last byte', () => {
    const flash = makeFlash();
    const sender = new PackageSender({ bytes, sequence: 2 });
    run(sender, receiverOn(flash).receiver, sender.offer());
    const { receiver } = receiverOn(flash);
    expect(receiver.ready).toBeNull();
    expect(run(sender, receiver, sender.offer())).toMatchObject({ statuses: [{ state: 'verifying' }], sent: [] });
    expect(receiver.ready?.sequence).toBe(2);
  });

  it('ends when the node refuses the package, and is refused at once the next time', () => {
    const { slots, receiver } = receiverOn(makeFlash(), () => {
      throw new MoteError('PKG_KEY', 'The key is not trusted.');
    });
    const sender = new PackageSender({ bytes, sequence: 2 });
    const { statuses } = run(sender, receiver, sender.offer());
    expect(statuses.at(-1)).toMatchObject({
      state: 'refused',
      reason: { code: 'PKG_KEY', text: 'The key is not trusted.' },
    });
    expect([sender.state, sender.reason?.code, sender.next(), receiver.ready]).toEqual([
      'refused',
      'PKG_KEY',
      null,
      null,
    ]);
    expect(slots.slots().map(({ state }) => state)).toEqual(['empty', 'empty']);
    expect(run(sender, receiver, sender.offer())).toMatchObject({ statuses: [{ state: 'refused' }], sent: [] });
  });

  it('reports a long reason in 160 bytes, cut between characters', () => {
    const { receiver } = receiverOn(makeFlash(), () => {
      throw new MoteError('PKG_KEY', `x${'é'.repeat(99)}`);
    });
    const sender = new PackageSender({ bytes, sequence: 2 });
    run(sender, receiver, sender.offer());
    expect(sender.reason).toEqual({ code: 'PKG_KEY', text: `x${'é'.repeat(79)}` });
  });

  it('reports a wrong digest, and an offer that the slots refuse', () => {
    const { slots, receiver } = receiverOn(makeFlash());
    const sender = new PackageSender({ bytes: bytes.subarray(0, 3000), sequence: 2, chunkBytes: 3000 });
    run(sender, receiver, sender.offer(), 1);
    const chunk = sender.next()!;
    expect(receiver.handle({ ...chunk, bytes: new Uint8Array(3000) })).toMatchObject([
      { state: 'refused', reason: { code: 'OTA_DIGEST' } },
    ]);
    expect(receiver.handle(chunk)).toEqual([]);
    slots.install(2, bytes);
    expect(receiver.handle(sender.offer())).toMatchObject([{ state: 'refused', reason: { code: 'OTA_ROLLBACK' } }]);
  });

  it('restarts from the beginning when an interrupted erase made a torn page look complete', () => {
    const flash = makeFlash();
    const sender = new PackageSender({ bytes, sequence: 2 });
    run(sender, receiverOn(flash).receiver, sender.offer(), 50);
    flash.cutAfter(0, 'middle');
    expect(() => run(sender, receiverOn(flash).receiver, sender.offer())).toThrow(PowerCut);
    flash.restart();
    const { receiver } = receiverOn(flash);
    const { statuses, sent } = run(sender, receiver, sender.offer());
    // Page 12 is torn, and page 13 contains noise.
    expect(sent.map(({ offset }) => offset).filter((offset, i, all) => i === 0 || offset < all[i - 1]!)).toEqual([
      13 * PAGE,
      0,
    ]);
    expect(states(statuses)).toEqual(['receiving', 'verifying']);
    expect(receiver.ready?.sequence).toBe(2);
  });

  it('refuses a resumed transfer whose bytes are wrong for the second time', () => {
    const flash = makeFlash();
    const sender = new PackageSender({ bytes: bytes.subarray(0, 3000), sequence: 2, chunkBytes: 3000 });
    run(sender, receiverOn(flash).receiver, sender.offer(), 1);
    const { receiver } = receiverOn(flash);
    const wrong = { ...sender.next()!, bytes: new Uint8Array(3000) };
    expect([receiver.handle(wrong), receiver.erasing]).toEqual([[], true]);
    expect(receiver.erase()).toMatchObject([{ state: 'receiving', received: 0 }]);
    expect(receiver.handle(wrong)).toMatchObject([{ state: 'refused', reason: { code: 'OTA_DIGEST' } }]);
    expect(receiver.erasing).toBe(false);
  });

  it('erases one page a call, for the last offer, and answers it afterwards', () => {
    const flash = makeFlash();
    const { slots, receiver } = receiverOn(flash);
    const [old, sender] = [
      new PackageSender({ bytes, sequence: 2 }),
      new PackageSender({ bytes: bytes.slice(1), sequence: 3 }),
    ];
    const erases = () => flash.erases.reduce((sum, count) => sum + count, 0);
    const head = ({ sha256 }: PackageSender, first: number) =>
      receiver.handle({ type: 'chunk', transfer: sha256.slice(0, 8), offset: 0, bytes: bytes.slice(first, 600) });
    expect(receiver.handle(old.offer())).toMatchObject([{ state: 'receiving', total: 0 }]);
    expect([receiver.erasing, head(old, 0), receiver.erasing]).toEqual([false, [], true]);
    expect(receiver.erase()).toEqual([]);
    expect(receiver.handle(old.offer())).toEqual([]);
    const before = erases();
    expect(receiver.handle(sender.offer())).toMatchObject([{ state: 'receiving', total: 0 }]);
    expect(head(sender, 1)).toEqual([]);
    // What an older sender sends before it knows.
    expect(head(sender, 1)).toEqual([]);
    const pages = Math.ceil((TOTAL - 1) / PAGE);
    for (let page = 1; page < pages; page++) {
      expect([receiver.erase(), erases() - before, receiver.erasing]).toEqual([[], page, true]);
      expect(slots.slots().map(({ state }) => state)).toEqual(['empty', 'empty']);
    }
    expect(receiver.erase()).toMatchObject([{ state: 'receiving', sequence: 3, received: 0 }]);
    // The journal may need one more erase; nothing of the slot is erased again.
    const done = erases();
    expect([receiver.erasing, receiver.erase(), erases() - done]).toEqual([false, [], 0]);
    run(sender, receiver, null);
    expect(receiver.ready).toBeNull();
    run(sender, receiver, sender.offer());
    expect(receiver.ready).toMatchObject({ sequence: 3 });
  });

  it('erases nothing before the head is verified, and keeps the transfer under way', () => {
    const flash = makeFlash();
    let trusted = false;
    const { slots, receiver } = receiverOn(flash, () => {}, {
      verifyHead(head, { sequence, total }) {
        expect([head, sequence, total]).toEqual([bytes.subarray(0, 1024), 2, TOTAL]);
        if (!trusted) throw new MoteError('PKG_SIGNATURE', 'It is wrong.');
      },
    });
    const sender = new PackageSender({ bytes, sequence: 2 });
    for (let i = 0; i < 50; i++) {
      const { statuses, sent } = run(sender, receiver, sender.offer());
      expect(statuses).toMatchObject([{ total: 0 }, { state: 'refused', reason: { code: 'PKG_SIGNATURE' } }]);
      expect(sent).toHaveLength(1);
    }
    expect(flash.operations).toBe(0);
    // A damaged head doesn't block the good package.
    trusted = true;
    run(sender, receiver, sender.offer(), 20);
    trusted = false;
    const wrong = { ...sender.offer(), sha256: new Uint8Array(32) };
    expect(receiver.handle(wrong)).toMatchObject([{ state: 'receiving', total: 0 }]);
    const { length } = receiver.handle({ type: 'chunk', transfer: new Uint8Array(8), offset: 512, bytes });
    const [refused] = receiver.handle({
      type: 'chunk',
      transfer: new Uint8Array(8),
      offset: 0,
      bytes: bytes.subarray(0, 1024),
    });
    expect([length, refused?.state, slots.transfer()?.received]).toEqual([0, 'refused', 19 * 1024]);
    run(sender, receiver, sender.offer());
    expect(receiver.ready?.sequence).toBe(2);
  });

  it('begins 16 packages at once and then one in 90 minutes, and always goes on with one', () => {
    const flash = makeFlash();
    let nowUs = 5e6;
    const { receiver } = receiverOn(flash, () => {}, { nowUs: () => nowUs });
    const total = 3 * PAGE;
    const offers = (count: number) =>
      Array.from({ length: count }, (_, i) => {
        const sender = new PackageSender({ bytes: bytes.slice(i, i + total), sequence: 2 });
        return run(sender, receiver, sender.offer(), 1).statuses.at(-1)!;
      });
    const answers = offers(300);
    expect(answers.slice(0, 16).map(({ state }) => state)).toEqual(Array(16).fill('receiving'));
    expect(answers[16]).toMatchObject({ state: 'refused', reason: { code: 'OTA_BUDGET' } });
    expect(answers[16]!.reason!.text).toMatch(/16 packages.* in 5400 s/);
    expect(answers.slice(16).every(({ state }) => state === 'refused')).toBe(true);
    const erases = flash.erases.reduce((sum, count) => sum + count, 0);
    // 16 slots of three pages, and a journal that moved once or twice.
    expect(erases).toBeLessThanOrEqual(16 * 3 + 2);
    const last = new PackageSender({ bytes: bytes.slice(15, 15 + total), sequence: 2 });
    run(last, receiver, last.offer(), 3);
    expect(run(last, receiver, last.offer(), 0).statuses).toMatchObject([{ state: 'receiving', received: 3072 }]);
    nowUs += 5400e6 - 1;
    expect(offers(1)[0]!.reason!.text).toMatch(/ in 1 s/);
    nowUs += 1;
    expect(offers(2).map(({ state }) => state)).toEqual(['receiving', 'refused']);
  });

  it('answers the offer of a package that failed its trial with the reason', () => {
    const { slots, receiver } = receiverOn(makeFlash());
    const sender = new PackageSender({ bytes, sequence: 2 });
    run(sender, receiver, sender.offer());
    slots.startTrial();
    slots.boot();
    slots.fail({ code: 'TRAP_MEMORY', text: 'It read outside its memory.' });
    run(sender, receiver, sender.offer());
    expect([sender.state, sender.reason?.code, sender.next()]).toEqual(['rolledback', 'TRAP_MEMORY', null]);
  });

  it.each([{ windowChunks: 3 }, { chunkBytes: 0 }])('rejects the options %o', (options) => {
    expect(() => new PackageSender({ bytes, sequence: 2, ...options })).toThrow(MoteError);
  });
});
