import { expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import type { Command } from '../../device/link/index.ts';
import { type Answer, PendingCommands } from './pending-commands.ts';

it('does not accept an answer to a command of an earlier gateway', () => {
  const gateway = (firstId: number) => {
    const sent: Command[] = [];
    const answers: Answer[] = [];
    const commands = new PendingCommands({
      clock: new VirtualClock(1_700_000_000_000),
      firstId,
      unable: () => undefined,
      send: (command) => sent.push(command) > 0,
      answer: (answer) => answers.push(answer),
    });
    const payload = Buffer.from('{"name":"blink"}');
    commands.request({ topic: 'x', payload, qos: 1, retain: false, dup: false, properties: {} });
    return { commands, id: sent[0]!.id, answers };
  };
  const before = gateway(1000);
  const now = gateway(0xffff_ffff);
  now.commands.answer(before.id, true, 'late');
  expect(now.answers).toEqual([]);
  expect(now.id).toBe(0);
  now.commands.answer(now.id, true, '');
  expect(now.answers).toHaveLength(1);
  before.commands.stop();
});
