/** State that outlives a start: settings, the store, the boot count; and the behaviour with damaged flash. */
import { LETTERS, SCRATCH, script } from './probe.ts';
import { long, type Scenario } from './scenario.ts';

export const STATE: Scenario[] = [
  {
    name: 'settings: passed to the module, kept over a restart, replaced as a whole',
    setup: { config: { gain: 1 }, kv: { step: script(['config', 'gain', -1], ['config', 'other', -2]) } },
    async run(world) {
      await world.start();
      await world.run(1500);
      world.send({ type: 'config', values: { gain: 7, zeta: 3 } });
      await world.run(1500);
      world.send({ type: 'config', values: { other: -2_147_483_648 } });
      await world.restart();
      await world.run(1500);
      world.send({ type: 'config', values: {} });
      await world.run(1500);
      await world.restart();
      await world.run(500);
    },
  },
  {
    name: 'settings: more than can be stored',
    shows: ['log error The configuration takes '],
    setup: { config: { gain: 1 }, kv: { step: script(['config', 'gain', -1]) } },
    async run(world) {
      await world.start();
      await world.run(500);
      const values = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${long(45)}${i}`, i * 100_000]));
      world.send({ type: 'config', values });
      await world.run(1000);
      const fits = Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`${long(45)}${i}`, i * 100_000]));
      world.send({ type: 'config', values: fits });
      await world.run(1000);
    },
  },
  {
    name: 'settings: names in the order of UTF-16, twenty-four of them',
    setup: { kv: { step: script(['config', 'ü', -1], ['config', '\u{1f399}', -2], ['config', '\uffee', -3]) } },
    async run(world) {
      await world.start();
      await world.run(500);
      const more = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`s${i}`, i]));
      world.send({ type: 'config', values: { ü: 1, '\u{1f399}': 2, '\uffee': 3, ...more } });
      await world.run(1000);
    },
  },
  {
    name: 'a module that faults when its settings change',
    setup: { kv: { init: script(['config', 'gain', 0]) } },
    async run(world) {
      await world.start();
      await world.run(500);
      world.send({ type: 'config', values: { gain: 7 } });
      await world.run(2500);
    },
  },
  {
    name: 'no module: commands and settings have no receiver',
    shows: ['result 4 false no module runs'],
    setup: { module: null },
    async run(world) {
      await world.start();
      await world.run(500);
      world.command(4, Uint8Array.of(1));
      world.send({ type: 'config', values: { gain: 7 } });
      await world.run(500);
    },
  },
  {
    name: 'commands that the module does not accept, and a long name',
    shows: ["result 1 false the module takes no command 'jump'"],
    setup: {},
    async run(world) {
      await world.start();
      await world.run(100);
      world.command(1, new Uint8Array(0), 'jump');
      world.command(2, new Uint8Array(1024), 'a b');
      world.command(0xffff_ffff, new Uint8Array(0), 'ü'.repeat(32));
      world.command(3, new Uint8Array(0));
      world.command(5, new Uint8Array(1024));
      await world.run(500);
    },
  },
  {
    name: 'a package that is damaged in flash',
    shows: ['OTA_DIGEST'],
    setup: {},
    async run(world) {
      const at = Buffer.from(world.flash).indexOf('memory_bytes');
      world.flash[at] = world.flash[at]! ^ 1;
      await world.start();
      await world.run(4000);
      world.push({ sequence: 2 });
      await world.run(4000);
    },
  },
  {
    name: 'erased flash, and flash with noise',
    setup: { module: null },
    async run(world) {
      world.wipe(() => 0xff);
      await world.start();
      await world.run(1000);
      await world.stop();
      world.wipe((i) => (i * 7919 + (i >> 8)) & 255);
      await world.start();
      await world.run(1000);
      world.send({ type: 'config', values: { gain: 1 } });
      await world.run(500);
    },
  },
  {
    name: 'time: a late answer is not used, and an impossible one is ignored',
    setup: { kv: { init: script(['period', 500_000]), step: script(['time_utc'], ['time_now']) } },
    async run(world) {
      await world.start();
      await world.run(1000);
      world.send({ type: 'time', sentUs: 12_345, utcMs: 5 });
      world.send({ type: 'time', sentUs: 0, utcMs: Number.MAX_SAFE_INTEGER });
      await world.run(1000);
    },
  },
  {
    name: 'vitals: by default, by setting, and not with too many metrics',
    vitals: true,
    shows: ['metrics a,agent.stack,agent.heap,agent.heap_peak,agent.slot,agent.asleep,agent.boot'],
    setup: {
      vitalsS: 2,
      kv: { init: script(['metric', 'a', '1', 0]), step: script(['publish', 0, 1, 1, SCRATCH, 1, 0]) },
    },
    async run(world) {
      await world.start();
      await world.run(5000);
      world.send({ type: 'config', values: { 'agent.vitals_s': 3 } });
      await world.run(7000);
      world.send({ type: 'config', values: { 'agent.vitals_s': 0 } });
      await world.run(4000);
      world.send({ type: 'config', values: { 'agent.vitals_s': -1 } });
      world.send({ type: 'config', values: {} });
      await world.run(5000);
      world.push({ sequence: 2 });
      await world.run(5000);
      await world.restart();
      await world.run(5000);
    },
  },
  {
    name: 'vitals of a node without a module',
    vitals: true,
    shows: ['birth 1 nothing metrics agent.stack', 'telemetry 0 metric 0 '],
    setup: { vitalsS: 1, module: null },
    async run(world) {
      await world.start();
      await world.run(2500);
    },
  },
  {
    name: 'vitals are omitted with the maximum number of metrics',
    vitals: true,
    setup: { vitalsS: 1, kv: { init: script(['times', 59], ['metric', LETTERS, 2, 16, 0, 0]) } },
    async run(world) {
      await world.start();
      await world.run(2500);
    },
  },
  {
    name: 'the store of a module survives a swap',
    shows: ['ota confirmed 2'],
    setup: { kv: { data: Uint8Array.of(1, 2, 3) } },
    async run(world) {
      await world.start();
      await world.run(100);
      world.command(1, script(['kv_set', 'more', 'kept']));
      world.push({ sequence: 2 });
      await world.run(4000);
      world.command(
        2,
        script(
          { call: ['kv_get', 'data', SCRATCH, 100], show: [SCRATCH, 3] },
          { call: ['kv_get', 'more', SCRATCH, 100], show: [SCRATCH, 4] },
        ),
      );
      await world.run(100);
    },
  },
];
