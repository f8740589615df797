import { expect, it } from 'vitest';
import { LinkConstant } from '../../base/abi/index.ts';
import { encodeMessage } from './codec.ts';
import { examples } from './examples.ts';
import type { Message } from './messages.ts';
import { storedBytes } from './stored.ts';

const stored = (message: Message) => storedBytes(message, encodeMessage(message).length);

it.each([0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, -1, -24, -25, -256, -257, -65_536, -65_537])(
  'a message takes the same memory at time %i as at the latest one, which is inserted later',
  (ms) => {
    const at = (message: Message, time: object) => stored({ ...message, ...time });
    for (const message of [examples.event, examples.log])
      expect(at(message, { tMs: ms })).toBe(at(message, { tMs: Number.MAX_SAFE_INTEGER }));
    expect(at(examples.telemetry, { t0Ms: ms })).toBe(at(examples.telemetry, { t0Ms: Number.MAX_SAFE_INTEGER }));
  },
);

it('a message with the largest time takes its bytes and the overhead of an item', () => {
  const latest = { ...examples.log, tMs: Number.MAX_SAFE_INTEGER };
  expect(stored(latest)).toBe(LinkConstant.itemBytes + encodeMessage(latest).length);
  expect(stored(examples.command)).toBe(LinkConstant.itemBytes + encodeMessage(examples.command).length);
});
