import { expect, it } from 'vitest';
import { MoteError, VirtualClock } from '../../base/index.ts';
import type { MqttClient } from '../mqtt/client.ts';
import { MemoryOutbox } from '../queue/index.ts';
import { birth, event } from '../topics/examples.ts';
import { shimSettings } from './shim-options.ts';
import { Uplink } from './uplink.ts';

it('keeps events and the state while the outbox is full, pauses the link, and delivers them in order afterwards', async () => {
  const clock = new VirtualClock(1_700_000_000_000);
  let full = true;
  const ids: unknown[] = [];
  const topics: string[] = [];
  const calls: string[] = [];
  const problems: string[] = [];
  const outbox = new MemoryOutbox();
  const client = {
    enqueue(
      topic: string,
      payload: Uint8Array,
      options: { mark?: string; properties: { userProperties: { id: string } } },
    ) {
      if (full) throw new MoteError('QUEUE_IO', 'The disk is full.');
      const { mark, properties } = options;
      outbox.put({ topic, payload, qos: 1, retain: false, properties }, { droppable: false, nowMs: 0, mark });
      topics.push(topic);
      ids.push(options.properties.userProperties.id);
    },
  } as unknown as MqttClient;
  const uplink = new Uplink({
    node: 'a',
    settings: shimSettings({ brokerUrl: 'mqtt://x', clock, onProblem: (error) => problems.push(error.code) }),
    outbox,
    gatewayTopic: undefined,
    run: 'x',
    client: () => client,
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
  });
  const accepted: number[] = [];
  for (const seq of [1, 2, 1]) void uplink.event({ ...event, seq })?.then(() => accepted.push(seq));
  // Another event with the same id, of a node whose flash was erased.
  void uplink.event({ ...event, seq: 2, tMs: 7 })?.then(() => accepted.push(7));
  clock.advance(1000);
  uplink.state(true, { ...birth, boot: 1 });
  expect([...new Set(calls)]).toEqual(['pause']);
  await Promise.resolve();
  expect(accepted).toEqual([]);
  full = false;
  clock.advance(1000);
  // The ids are of the boot that produced the events. The state was not lost either.
  expect(ids.slice(0, 3)).toEqual(['0-e-1', '0-e-2', '0-e-2']);
  expect(topics.at(-1)).toBe('mote/d/a/s');
  expect(calls.at(-1)).toBe('resume');
  expect(clock.waiting).toBe(0);
  expect([...new Set(problems)]).toEqual(['QUEUE_IO']);
  // The first time that 1 was sent, its link ended before the acknowledgement.
  await Promise.resolve();
  expect(accepted).toEqual([1, 2, 7]);
  // A repetition is accepted and not published again; another event of a node that was erased is.
  ids.length = 0;
  for (const tMs of [1, 1, 2]) expect(uplink.event({ ...event, seq: 3, tMs })).toBeUndefined();
  expect(ids).toEqual(['1-e-3', '1-e-3']);
  // An erased node without a clock may even send equal bytes, but its link has another session.
  ids.length = 0;
  for (const session of [7, 7, 8]) uplink.event({ ...event, seq: 4 }, session);
  expect(ids).toEqual(['1-e-4', '1-e-4']);
});
