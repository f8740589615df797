import { describe, expect, it } from 'vitest';
import { MemoryOutbox } from './outbox.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('outbox in memory', () => {
  it('drops the oldest telemetry that is not in flight for a new message, and otherwise refuses it', () => {
    const outbox = new MemoryOutbox(5 * 66);
    const put = (topic: string, droppable: boolean) =>
      outbox.put({ topic, payload: bytes('x'), qos: 1, retain: false, properties: {} }, { droppable, nowMs: 0 });
    put('e', false);
    const first = put('1', true);
    put('2', true);
    put('3', true);
    put('f', false);
    outbox.hold(first);
    put('g', false);
    const topics: string[] = [];
    for (let p = outbox.next(0); p; p = outbox.next(p.seq)) topics.push(p.message.topic);
    expect(topics).toEqual(['e', '1', '3', 'f', 'g']);
    put('h', false);
    expect(() => put('i', false)).toThrow(/full/);
    expect(outbox.stats).toMatchObject({ dropped: 2, refused: 1 });
  });
});
