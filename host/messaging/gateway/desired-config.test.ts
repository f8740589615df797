import { expect, it } from 'vitest';
import { sentence, VirtualClock } from '../../base/index.ts';
import { DesiredConfig } from './desired-config.ts';

function world() {
  const clock = new VirtualClock();
  const sent: number[] = [];
  const link: { answer: boolean | undefined } = { answer: true };
  const config = new DesiredConfig({
    clock,
    send(values) {
      if (link.answer) sent.push(values.gain!);
      return link.answer;
    },
  });
  return { clock, sent, link, config };
}

it('sends a configuration once, and again when the link had no room', () => {
  const { sent, link, config } = world();
  link.answer = undefined;
  config.set({ gain: 1 });
  expect(config.due).toBe(false);
  link.answer = false;
  config.send();
  expect(config.due).toBe(true);
  link.answer = true;
  config.pump();
  config.pump();
  config.set({ gain: 1 });
  expect([sent, config.due]).toEqual([[1], false]);
});

it('sends the last configuration again when the node accepts changes again, and a node that says 0 s not in a loop', () => {
  const { clock, sent, config } = world();
  config.set({ gain: 1 });
  config.log(sentence('config_budget', 24, 3600));
  config.set({ gain: 2 });
  config.log('something else');
  config.log(sentence('config_budget', 24, 3599));
  clock.advance(3_598_999);
  expect(sent).toEqual([1, 2]);
  clock.advance(1);
  expect(sent).toEqual([1, 2, 2]);
  clock.advance(1e9);
  expect(sent).toEqual([1, 2, 2]);
  config.log(sentence('config_budget', 24, 0));
  clock.advance(59_999);
  expect(sent).toHaveLength(3);
  clock.advance(1);
  expect(sent).toHaveLength(4);
  config.log(sentence('config_budget', 24, 60));
  config.stop();
  clock.advance(1e9);
  expect(sent).toHaveLength(4);
});
