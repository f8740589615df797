/** Every import with arguments that it accepts and that it rejects. */
import { sine } from '../../host/device/node/index.ts';
import { type Call, LETTERS, SCRATCH, SCRATCH_BYTES, script } from './probe.ts';
import { calls, faults, long, type Scenario, utf8 } from './scenario.ts';

const END = SCRATCH + SCRATCH_BYTES;
/** Invalid names. */
const BAD_NAMES = ['', long(65), 'a\nb', 'a\u007f', utf8(0x61, 0xff), utf8(0xc0, 0x80), utf8(0xed, 0xa0, 0x80)];
/** Names for which a broker closes the connection: a control character or a non-character. */
const POISON_NAMES = ['\u0000', 'a\u0085', '\u009fb', '\ufdd0', 'a\ufffe', '\uffff', '\u{1fffe}', '\u{10ffff}b'];
/** Valid names. */
const GOOD_NAMES = [long(64), 'a b', 'ünï', 'u\u0308', '\u{1f399}', '\u00a0', '\ufffd', '\ufeffbom'];

const named = (call: (name: string | Uint8Array) => Call) => [...BAD_NAMES, ...GOOD_NAMES].map(call);

const mic = { name: 'mic', ringSamples: 64, source: sine({ rateHz: 1000, frequencyHz: 3, amplitude: 1000 }) };
const imu = {
  name: 'imu',
  ringSamples: 7,
  source: {
    rateMilliHz: 33_333,
    channels: 3,
    length: null,
    read: (index: number, out: Int16Array) => out.set(Array.from(out, (_, i) => index * 3 + i)),
  },
};
const twoSensors = { sensors: [mic, imu], module: { sensors: ['mic', 'imu', 'absent'] } };

/** The bytes of CBOR items, well-formed or not. */
const nested = (levels: number) => utf8(...Array.from({ length: levels }, () => 0x81), 0);
const BODIES = [
  utf8(),
  utf8(0),
  utf8(0, 0),
  utf8(0x18),
  utf8(0x18, 0x01),
  utf8(0xf9, 0x3c, 0x00),
  utf8(0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0),
  utf8(0x9f, 0x01, 0xff),
  utf8(0x5f, 0x41, 0x00, 0xff),
  utf8(0x62, 0xc3, 0x28),
  utf8(0xc1, 0x00),
  utf8(0x1c),
  utf8(0xff),
  utf8(0xf8, 0x10),
  utf8(0xa1, 0x01),
  nested(15),
  nested(16),
  nested(17),
];

export const ABI: Scenario[] = [
  calls(
    'time and random bits',
    [['time_now'], ['time_utc'], ['random'], ['random']],
    [[['time_now'], ['time_utc'], ['random']], [['time_utc']]],
  ),
  calls(
    'log lines: levels, invalid text, too long and too many',
    [
      ['log', 0, 'error'],
      ['log', 3, 'debug'],
      ['log', 4, 'beyond'],
      ['log', -1, 'before'],
      ['log', 1, ''],
    ],
    [
      [
        ['log', 2, utf8(0x61, 0xff, 0x62, 0xc3, 0x28, 0xe2, 0x82, 0x41)],
        ['log', 2, utf8(0xff, 0xfe)],
        ['log', 2, utf8(0x61, 0xf0, 0x9f, 0x8e)],
        ['log', 2, utf8(0x61, 0xef, 0xbf, 0xbd)],
        ['log', 2, utf8(0xf4, 0x90, 0x80, 0x80, 0x61)],
        ['log', 2, 'two\r\n\tlines\u0000\u007fend\n'],
        ['log', 2, '\ufeffmark'],
        ['log', 2, 'one\u0085\ufffe\u{1ffff}\nrun, \ufdd0\ufffd\ufdef, \u0080'],
      ],
      [['log', 2, `${long(255)}ü`]],
      [['log', 2, `${long(254)}üy`]],
      [['log', 2, long(300)]],
      [['log', 2, utf8(...Array.from({ length: 200 }, () => 0xff), 0x61)]],
      Array.from({ length: 20 }, (): Call => ['log', 2, 'l']),
      [
        ['times', 34],
        ['log', 2, LETTERS, 2],
      ],
      [['log', 2, 'after']],
    ],
  ),
  calls(
    'taps',
    named((name) => ['tap', name, 'data']),
    [[['tap', 'empty', '']]],
  ),
  calls(
    'sensors: opening them',
    [
      ...named((name): Call => ['sensor_open', name]).slice(0, 7),
      ['sensor_open', 'mic'],
      ['sensor_open', 'imu'],
      ['sensor_open', 'mic'],
      ['sensor_open', 'absent'],
      ['sensor_open', 'other'],
    ],
    [
      [0, 1, 2, -1].flatMap((handle): Call[] => [
        ['sensor_rate', handle],
        ['sensor_frame_bytes', handle],
        ['sensor_available', handle],
        ['sensor_time', handle],
        ['sensor_lost', handle],
      ]),
    ],
    twoSensors,
  ),
  calls(
    'sensors: reading them, and losing samples that are not read',
    [
      ['sensor_open', 'mic'],
      ['sensor_open', 'imu'],
      ['sensor_read', 0, SCRATCH, 5],
    ],
    [
      [
        { call: ['sensor_read', 0, SCRATCH, 5], show: [SCRATCH, 12] },
        { call: ['sensor_read', 0, SCRATCH, 64], show: [SCRATCH, 130] },
        { call: ['sensor_read', 1, SCRATCH, 2], show: [SCRATCH, 14] },
        ['sensor_read', 0, SCRATCH, -1],
        ['sensor_read', 0, SCRATCH, 0],
        ['sensor_read', 2, SCRATCH, 1],
        ['sensor_time', 0],
        ['sensor_time', 1],
        ['sensor_lost', 0],
      ],
      [
        ['sensor_available', 0],
        ['sensor_lost', 0],
        ['sensor_available', 1],
        ['sensor_lost', 1],
      ],
      [],
      [],
      [
        { call: ['sensor_read', 0, SCRATCH, 64], show: [SCRATCH, 128] },
        { call: ['sensor_read', 1, SCRATCH, 7], show: [SCRATCH, 42] },
        ['sensor_lost', 0],
        ['sensor_lost', 1],
      ],
      [
        ['sensor_available', 0],
        ['sensor_available', 1],
        ['sensor_time', 0],
        ['sensor_time', 1],
      ],
    ],
    twoSensors,
  ),
  faults(
    'sensors: reading more samples than a ring holds',
    [
      [
        ['sensor_read', 0, SCRATCH, 64],
        ['sensor_read', 0, SCRATCH, 65],
        ['log', 2, 'never'],
      ],
      [['sensor_read', 1, SCRATCH, 0x7fff_ffff]],
    ],
    { ...twoSensors, kv: { init: script(['sensor_open', 'mic'], ['sensor_open', 'imu']) } },
    [
      "a read of 65 samples of the sensor 'mic', whose ring holds 64; read fewer at a time.",
      "a read of 2147483647 samples of the sensor 'imu', whose ring holds 7;",
    ],
  ),
  {
    ...calls(
      'sensors: waiting for more samples than a ring holds, told once for each sensor and start',
      [
        ['sensor_open', 'mic'],
        ['sensor_open', 'imu'],
      ],
      [
        ...Array.from({ length: 5 }, (): Call[] => [
          ['sensor_available', 0],
          ['sensor_available', 1],
        ]),
        // A module that reads doesn't wait in vain, however many samples are lost later.
        [['sensor_read', 1, SCRATCH, 1]],
        ...Array.from({ length: 6 }, (): Call[] => [
          ['sensor_available', 0],
          ['sensor_available', 1],
        ]),
        [['unreachable']],
        [],
        [['sensor_available', 0]],
      ],
      twoSensors,
    ),
    shows: ["MODULE_UNREAD The ring of the sensor 'mic' is full with 64 samples, and the module has read none;"],
  },
  calls(
    'metrics: their names',
    named((name) => ['metric', name, '1', 0]),
  ),
  calls(
    'metrics: units, exponents, repetition, and not after init',
    [
      ['metric', 'a', long(32), 18],
      ['metric', 'b', long(33), 0],
      ['metric', 'c', utf8(0xff), 0],
      ['metric', 'd', '', -18],
      ['metric', 'e', '1', 19],
      ['metric', 'f', '1', -19],
      ['metric', 'a', '1', 0],
      ['metric', 'g', '\n', 0],
    ],
    [[['metric', 'h', '1', 0]]],
  ),
  calls('metrics: more than the maximum', [
    ['times', 66],
    ['metric', LETTERS, 2, 16, 1, 0],
  ]),
  calls('metrics: more bytes than fit a birth message', [
    ['times', 40],
    ['metric', LETTERS, 64, 16, 17, 0],
  ]),
  calls(
    'telemetry: rejected arguments, and the limits of accepted ones',
    [
      ['metric', 'a', 'm/s2', -3],
      ['metric', 'b', '1', 0],
    ],
    [
      [
        ['publish', 2, 0, 0, SCRATCH, 1, 0],
        ['publish', -1, 0, 0, SCRATCH, 1, 0],
        ['publish', 0, 0, 0, SCRATCH, 1025, 0],
        ['publish', 0, 0, 0, SCRATCH, 0, 0],
        ['publish', 0, 0, 0, SCRATCH, -1, 0],
        ['publish', 0, 0, -1, SCRATCH, 1, 0],
        ['publish', 0, 0, 0, SCRATCH, 1, 256],
        ['publish', 0, 0, 0, SCRATCH, 1, -1],
        ['publish', 0, -1, 0, SCRATCH, 1, 0],
        ['publish', 0, 2n ** 53n, 0, SCRATCH, 1, 0],
      ],
      [
        ['publish', 0, 2n ** 53n - 1n, 0x7fffffff, SCRATCH, 1, 255],
        ['publish', 1, 12_345, 62, 0, 512, 3],
        ['kv_get', 'values', SCRATCH, 1024],
        ['publish', 1, 0, 1, SCRATCH, 4, 0],
        ['publish', 0, 1, 2, SCRATCH + 1, 3, 0],
        ['publish', 0, 1, 2, 0, 1024, 0],
      ],
    ],
    { kv: { values: utf8(0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0x80, 1, 2, 3, 4) } },
  ),
  calls(
    'telemetry: more frames in one call than the maximum',
    [['metric', 'a', '1', 0]],
    [
      [
        ['times', 66],
        ['publish', 0, 5, 6, LETTERS, 1, 0],
      ],
      [['publish', 0, 7, 6, LETTERS, 1, 0]],
    ],
  ),
  calls(
    'events: names',
    named((name) => ['event', name, utf8(0x01)]),
  ),
  calls(
    'names and units for which a broker closes the connection',
    [
      ...POISON_NAMES.map((name): Call => ['metric', name, '1', 0]),
      ...POISON_NAMES.slice(0, 6).map((unit, i): Call => ['metric', `${i}`, unit, 0]),
      ...POISON_NAMES.slice(0, 6).map((name): Call => ['subscribe', name]),
    ],
    [
      POISON_NAMES.map((name): Call => ['event', name, utf8(0x01)]),
      POISON_NAMES.map((name): Call => ['sensor_open', name]),
      POISON_NAMES.map((name): Call => ['tap', name, 'data']),
    ],
  ),
  calls(
    'events: bodies',
    [],
    [
      BODIES.slice(0, 9).map((body): Call => ['event', 'e', body]),
      BODIES.slice(9).map((body): Call => ['event', 'e', body]),
    ],
  ),
  calls(
    'events: large ones',
    [['kv_get', 'whole', SCRATCH, 1024]],
    [
      [
        ['event', 'whole', SCRATCH, 1024],
        ['event', 'too large', SCRATCH, 1025],
        ['event', 'too short', SCRATCH, 1023],
      ],
    ],
    { kv: { whole: utf8(0x59, 0x03, 0xfd, ...Array.from({ length: 1021 }, (_, i) => i & 255)) } },
  ),
  calls(
    'events: more in one call than the maximum',
    [],
    [
      [
        ['times', 18],
        ['event', LETTERS, 2, 1, 1],
      ],
      [],
    ],
  ),
  calls(
    'commands: names, repetition, and not after init',
    named((name) => ['subscribe', name]).concat([
      ['subscribe', 'run'],
      ['subscribe', 'b'],
    ]),
    [[['subscribe', 'c']]],
  ),
  calls(
    'commands: more than the maximum',
    [
      ['times', 33],
      ['subscribe', LETTERS, 2],
    ],
    [[['message_read', SCRATCH, 7], { call: ['message_read', SCRATCH, 1024], show: [SCRATCH, 16] }]],
  ),
  calls('messages can be read only inside on_message', [['message_read', SCRATCH, 100]]),
  calls(
    'settings',
    [
      ['config', 'gain', 5],
      ['config', 'low', 6],
      ['config', 'none', 7],
      ...named((name): Call => ['config', name, -9]).slice(0, 7),
    ],
    [[['config', 'gain', 5]]],
    { config: { gain: 1000, low: -2147483648 } },
  ),
  calls(
    'the key-value store',
    [
      ['kv_get', 'a', SCRATCH, 10],
      ['kv_delete', 'a'],
    ],
    [
      [
        ['kv_set', 'a', 'value'],
        { call: ['kv_get', 'a', SCRATCH, 10], show: [SCRATCH, 6] },
        ['kv_get', 'a', SCRATCH, 4],
        ['kv_set', 'a', 'value'],
        ['kv_set', 'empty', ''],
        ['kv_get', 'empty', SCRATCH, 0],
        ['kv_delete', 'a'],
        ['kv_delete', 'a'],
        ['kv_get', 'a', SCRATCH, 10],
        ['kv_set', 'large', 0, 1024],
        ['kv_set', 'larger', 0, 1025],
      ],
      named((name): Call => ['kv_set', name, 'x']).slice(0, 12),
      named((name): Call => ['kv_get', name, SCRATCH, 10]).slice(0, 12),
      [
        ['times', 18],
        ['kv_set', 'many', LETTERS, 2],
      ],
      [
        ['times', 15],
        ['kv_set', LETTERS, 2, 0, 1024],
      ],
      [
        ['kv_get', 'large', SCRATCH, 1024],
        ['kv_delete', 'large'],
        ['kv_set', 'fits', 0, 500],
      ],
    ],
  ),
  {
    name: 'the key-value store after a restart, and after many changes of its banks',
    setup: {},
    async run(world) {
      await world.start();
      for (let i = 0; i < 60; i++) {
        world.command(i, script(['kv_set', `key${i % 3}`, i * 8, 100 + i]));
        await world.run(20);
      }
      await world.restart();
      await world.run(50);
      world.command(
        100,
        script(...[0, 1, 2].map((i): Call => ({ call: ['kv_get', `key${i}`, SCRATCH, 1024], show: [SCRATCH, 170] }))),
      );
      await world.run(50);
    },
  },
  calls(
    'read-only data',
    [
      ['rom_size'],
      { call: ['rom_read', 0, SCRATCH, 20], show: [SCRATCH, 20] },
      ['rom_read', 1, SCRATCH, 20],
      ['rom_read', 20, SCRATCH, 0],
      ['rom_read', 21, SCRATCH, 0],
      ['rom_read', -1, SCRATCH, 1],
      ['rom_read', 0, SCRATCH, -1],
    ],
    [],
    { module: { rom: Uint8Array.from({ length: 20 }, (_, i) => i * 7) } },
  ),
  calls('no read-only data, no kernels', [
    ['rom_size'],
    ['rom_read', 0, SCRATCH, 1],
    ['rom_read', 0, SCRATCH, 0],
    ['nn_run', 0, 0, 0],
    ['nn_real_fft', 0, 0, 0, 0],
    ['nn_filter_bank', 0, 0, 0, 0, 0, 0],
  ]),
  faults(
    'pointers outside the memory',
    [
      [['log', 2, END, 1]],
      [['log', 2, END - 255, 256]],
      [['log', 2, -1, 1]],
      [['tap', END, 1, 0, 0]],
      [['tap', 16, 4, END - 3, 4]],
      [['tap', 16, 4, 0, -1]],
      [['sensor_open', END, 3]],
      [
        ['metric', 'x', '1', 0],
        ['publish', 0, 0, 0, END - 3, 1, 0],
      ],
      [['event', END + 1, 0, 0, 0]],
      [['event', 'e', END, 1]],
      [['message_read', END - 7, 1024]],
      [['config', END, 1, 0]],
      [['kv_get', END, 1, 0, 0]],
      [['kv_get', 'init', END, 1024]],
      [['kv_set', END, 1, 0, 0]],
      [['kv_set', 'k', END, 1]],
      [['kv_delete', -4, 4]],
      [['rom_read', 0, END, 1]],
      [['rom_read', 0, -1, 1]],
    ],
    { kv: { init: script(['metric', 'x', '1', 0]) }, module: { rom: utf8(1, 2, 3) } },
  ),
];
