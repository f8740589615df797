/** What an app can do that can't be right: the node says so, instead of doing nothing or running without a pause. */
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import { constant, Node } from './index.ts';
import { type AppText, app, ENGINES } from './testing.ts';

const SENSOR = `(global $sensor (mut i32) (i32.const 0)) (data (i32.const 0) "mic")`;
const OPEN = `(global.set $sensor (call $sensor_open (i32.const 0) (i32.const 3))) (i32.const 0)`;
const AVAILABLE = '(local.set $n (call $sensor_available (global.get $sensor)))';
const LATER = '(i64.add (local.get $now) (i64.const 10000))';
const read = (samples: number) =>
  `(drop (call $sensor_read (global.get $sensor) (i32.const 1024) (i32.const ${samples})))`;

describe.each(ENGINES)('on %s a node', (_name, engine) => {
  if (engine === null) {
    it.skip('needs a C compiler (apt-get install gcc)', () => {});
    return;
  }

  function run(text: AppText, seconds: number) {
    const clock = new VirtualClock();
    const logs: string[] = [];
    const node = new Node({
      id: 'n1',
      engine: engine!,
      clock,
      module: app(text),
      sensors: [{ name: 'mic', source: constant({ rateHz: 1000 }, 7) }],
      hooks: { onLog: ({ level, text }) => logs.push(`${level} ${text}`) },
    });
    node.start();
    clock.runUntil(seconds * 1e6);
    return { logs, status: node.status() };
  }
  const onSensor = (step: string, seconds: number) => run({ more: SENSOR, init: OPEN, step }, seconds);

  it('ends a module that reads more samples at once than the ring holds, and names both numbers', () => {
    const { logs, status } = onSensor(`${read(1000)} ${read(1001)} ${LATER}`, 0.5);
    expect(logs).toEqual([
      expect.stringMatching(
        /^error MODULE_READ step at 0x[0-9a-f]+: a read of 1001 samples of the sensor 'mic', whose ring holds 1000; read/,
      ),
    ]);
    expect(status.fault).toMatchObject({ code: 'MODULE_READ', during: 'step' });
  });

  it('reports once that a module waits for more samples than the ring holds, a ring after it was full', () => {
    const waiting = `${AVAILABLE} (if (i32.ge_s (local.get $n) (i32.const 1001)) (then ${read(1)})) ${LATER}`;
    expect(onSensor(waiting, 1.99)).toMatchObject({ logs: [], status: { unread: [], fault: null } });
    const { logs, status } = onSensor(waiting, 10);
    expect(logs).toEqual([
      "error MODULE_UNREAD The ring of the sensor 'mic' is full with 1000 samples, and the module has read none; does it wait for more?",
    ]);
    expect(status).toMatchObject({ unread: ['mic'], fault: null });
  });

  it.each([
    ['has read a sample before', `(if (i64.eq (local.get $now) (i64.const 20000)) (then ${read(1)})) ${AVAILABLE}`],
    ['never asks', ''],
    ['reads what the ring holds', `${AVAILABLE} (if (i32.ge_s (local.get $n) (i32.const 1000)) (then ${read(1000)}))`],
  ])('reports nothing of a module that %s', (_what, step) => {
    expect(onSensor(`${step} ${LATER}`, 10)).toMatchObject({ logs: [], status: { unread: [], fault: null } });
  });

  it.each([
    ['0', 0, 0],
    ['its own time', '(local.get $now)', 99_900],
    ['a time before its own', '(i64.sub (local.get $now) (i64.const 7))', 99_893],
    ['a time within 100 us', '(i64.add (local.get $now) (i64.const 99))', 99_999],
    ['a negative time', -5, 0],
  ])('ends a module whose step returns %s without end', (_what, returned, shown) => {
    const { logs, status } = run({ step: typeof returned === 'number' ? `(i64.const ${returned})` : returned }, 0.9);
    expect(logs).toEqual([
      `error MODULE_STEP step: step returned ${shown} us at 99900 us, the 1000th time in a row that has passed or is within 100 us; return now plus a period.`,
    ]);
    expect(status).toMatchObject({ steps: 999, fault: { code: 'MODULE_STEP', during: 'step' } });
  });

  it.each([
    ['asks for the shortest period', '(i64.add (local.get $now) (i64.const 100))'],
    [
      'catches up with the clock',
      `(global.set $next (i64.add (global.get $next) (i64.const 200)))
       (if (i64.eq (global.get $next) (i64.const 200)) (then (return (i64.const 500000))))
       (global.get $next)`,
    ],
    [
      'pauses now and then',
      `(global.set $next (i64.add (global.get $next) (i64.const 1)))
       (if (i64.eqz (i64.rem_s (global.get $next) (i64.const 999))) (then (return (i64.add (local.get $now) (i64.const 200)))))
       (local.get $now)`,
    ],
  ])('leaves a module alone that %s', (_what, step) => {
    const { logs, status } = run({ more: '(global $next (mut i64) (i64.const 0))', step }, 2);
    expect(logs).toEqual([]);
    expect(status.fault).toBeNull();
    expect(status.steps).toBeGreaterThan(5000);
  });
});
