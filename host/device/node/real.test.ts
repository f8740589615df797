import { expect, it } from 'vitest';
import { backgroundClock, RealClock } from '../../base/index.ts';
import { loadEngine } from '../engine/index.ts';
import { connectTcp, listenTcp, shimLink } from '../link/index.ts';
import { Node, type TelemetryRecord } from './index.ts';
import { recorder } from './testing.ts';

it('a node in real time, with a live sensor, over TCP', async () => {
  const clock = new RealClock();
  const engine = await loadEngine('v8');
  const published: TelemetryRecord[] = [];
  const source = { rateMilliHz: 1_000_000, channels: 1, live: true } as const;
  const node = new Node({
    id: 'live',
    engine,
    clock,
    module: recorder(2000),
    sensors: [{ name: 'mic', source }],
    link: {},
    hooks: { onTelemetry: (record) => published.push(record) },
  });
  const got: number[] = [];
  let born = '';
  const done = new Promise<void>((resolve) => {
    const shim = shimLink({
      clock: backgroundClock,
      newSessionId: () => 7,
      onMessage(message) {
        if (message.type === 'birth') born = message.node;
        if (message.type === 'time?') shim.send({ type: 'time', sentUs: message.sentUs, utcMs: Date.now() });
        if (message.type !== 'telemetry') return;
        got.push(...message.values);
        expect(Math.abs(message.t0Ms - Date.now())).toBeLessThan(10_000);
        if (got.length === 200) resolve();
      },
    });
    listenTcp(0, (transport) => shim.attach(transport)).then(async (listener) => {
      node.start();
      node.attach(await connectTcp(listener.port));
      // Samples arrive in bursts, as from an interrupt handler.
      for (let i = 0; i < 10; i++) {
        const burst = Int16Array.from({ length: 20 }, (_, k) => i * 20 + k);
        clock.after(i * 3, () => node.sensor('mic')!.push(burst));
      }
      await done;
      node.close();
      shim.close();
      await listener.close();
    });
  });
  await done;
  expect(born).toBe('live');
  expect(got).toEqual(Array.from({ length: 200 }, (_, i) => i));
  expect(published.flatMap(({ values }) => values)).toEqual(got);
});

it('the real clock makes calls in order, not before their time, unless they are cancelled', async () => {
  const clock = new RealClock();
  const ran: [string, boolean][] = [];
  await new Promise<void>((resolve) => {
    const at = clock.nowUs() + 5000;
    clock.at(at + 3000, () => {
      ran.push(['later', clock.nowUs() >= at + 3000]);
      resolve();
    });
    clock.at(at, () => ran.push(['first', clock.nowUs() >= at]));
    clock.at(at, () => ran.push(['cancelled', false]))();
    clock.after(-5, () => ran.push(['past', true]));
  });
  expect(ran).toEqual([
    ['past', true],
    ['first', true],
    ['later', true],
  ]);
});
