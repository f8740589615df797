import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import { loadEngine } from '../engine/index.ts';
import { transportPair } from '../link/index.ts';
import { Node, type NodeOptions } from './index.ts';
import { app, TestShim } from './testing.ts';

const engine = await loadEngine('v8');
const NAMES = ['agent.stack', 'agent.heap', 'agent.heap_peak', 'agent.slot', 'agent.asleep', 'agent.boot'];

function start(options: Partial<NodeOptions>) {
  const clock = new VirtualClock();
  const shim = new TestShim(clock);
  const pair = transportPair(clock);
  shim.attach(pair.a);
  const node = new Node({ id: 'n1', engine, clock, link: { transport: pair.b }, ...options });
  node.start();
  const names = () =>
    shim
      .get('birth')
      .at(-1)!
      .metrics.map(({ name }) => name);
  return { clock, shim, node, names, seconds: (count: number) => clock.runUntil(clock.nowUs() + count * 1e6) };
}
const burning = app({
  more: '(data (i32.const 0) "x")',
  init: '(call $metric (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0))',
  step: '(call $burn) (i64.add (local.get $now) (i64.const 500000))',
});

describe('the vitals of a node', () => {
  it('are not sent unless they are configured', () => {
    const { seconds, names, shim } = start({ module: burning });
    seconds(200);
    expect(names()).toEqual(['x']);
    expect(shim.get('telemetry')).toEqual([]);
  });

  it('are sent at the interval of the setting, numbered behind the metrics of the module', () => {
    const { seconds, names, shim, node } = start({
      module: burning,
      config: { 'agent.vitals_s': 10 },
      fuelPerMs: 0.01,
    });
    seconds(20);
    expect(names()).toEqual(['x', ...NAMES]);
    // Two steps a second, each of which keeps the processor busy for 100 ms.
    const reports = shim.get('telemetry').map(({ metric, values }) => [metric, ...values]);
    expect(reports.slice(0, 6)).toEqual([
      [1, 0],
      [2, 65_536],
      [3, 65_536],
      [4, 0],
      [5, 8_000_000],
      [6, 0],
    ]);
    node.setConfig({ 'agent.vitals_s': 0 });
    seconds(100);
    expect(names()).toEqual(['x']);
    expect(shim.get('telemetry').length).toBe(12);
  });

  it('keep their numbers while a faulted module waits for its restart, because no other birth was sent since', () => {
    const faulting = app({
      more: '(data (i32.const 0) "x")',
      init: '(call $metric (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0))',
      step: '(if (i64.gt_s (local.get $now) (i64.const 1500000)) (then (unreachable))) (i64.add (local.get $now) (i64.const 500000))',
    });
    const { seconds, names, shim, node } = start({ module: faulting, vitalsS: 1 });
    seconds(10);
    expect(node.status().module).toBeNull();
    expect(names()).toEqual(['x', ...NAMES]);
    expect([...new Set(shim.get('telemetry').map(({ metric }) => metric))]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('are omitted if the module has more than 58 metrics', () => {
    const text = Array.from({ length: 60 }, (_, i) => String.fromCharCode(35 + i))
      .join('')
      .replace('\\', '~');
    const metrics = Array.from(
      { length: 59 },
      (_, i) => `(drop (call $metric (i32.const ${i}) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0)))`,
    );
    const module = app({ more: `(data (i32.const 0) "${text}")`, init: `${metrics.join('')} (i32.const 0)` });
    const { seconds, names, shim } = start({ module, vitalsS: 1 });
    seconds(3);
    expect(names().length).toBe(59);
    expect(shim.get('telemetry')).toEqual([]);
  });
});
