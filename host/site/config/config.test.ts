import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DEFAULT_CONFIG, loadConfig, parseConfig } from './index.ts';

it('completes an empty file with the defaults, which are those that "mote site init" writes', () => {
  const empty = parseConfig('', '/plant/site.yaml');
  expect(empty).toMatchObject({
    data: '/plant/data',
    namespace: 'mote',
    broker: { embeddedPort: 1883 },
    nodes: null,
    http: { listen: { host: '127.0.0.1', port: 8080 }, token: null },
    collect: ['#'],
    decoders: [],
    log: 'info',
  });
  expect(parseConfig(DEFAULT_CONFIG, '/plant/site.yaml')).toEqual({
    ...empty,
    nodes: { listen: { host: '127.0.0.1', port: 7878 }, allow: null, insecure: false, serial: [] },
    store: { retention: { rawDays: 30, pointDays: 730, eventDays: null } },
  });
});

it('reads paths from the folder of the file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moteware-config-'));
  const path = join(folder, 'site.yaml');
  writeFileSync(path, 'data: ../kept\nnodes:\n  allow: nodes.json\n');
  const { data, nodes } = loadConfig(path);
  expect([data, nodes!.allow]).toEqual([join(folder, '../kept'), join(folder, 'nodes.json')]);
  rmSync(folder, { recursive: true });
});

const decoder = (name: string, rest = 'decoder: { kind: mote, version: 1, options: {} }') =>
  `- name: ${name}\n  topics: [a/b]\n  ${rest}\n`;

it.each([
  ['a setting that there is not', 'data: x\nbrokr: embedded\n', '2:1: brokr is no setting here'],
  ['a setting in a wrong place', 'http:\n  listen: 127.0.0.1:1\n  port: 3\n', '3:3: http.port is no setting here'],
  ['a value of a wrong type', 'nodes:\n  insecure: maybe\n', '2:13: nodes.insecure must be boolean'],
  ['a word of a list', 'log: loud\n', '1:6: log must be equal to one of the allowed values: error, warn, info, debug'],
  ['YAML that is none', 'data: [a\nlog: info\n', '2:'],
  ['a key twice', 'log: info\nlog: warn\n', '2:1: Map keys must be unique'],
  ['a port', 'http: { listen: "127.0.0.1:99999" }\n', '1:17: http.listen is wrong: listen takes HOST:PORT'],
  ['an open API without a token', 'http:\n  listen: 0.0.0.0:8080\n', '2:3: http needs a token'],
  ['a short token', 'http: { token: short }\n', '1:16: http.token must NOT have fewer than 16 characters'],
  ['a topic filter', 'collect: ["a/#/b"]\n', '1:11: collect.0 is no topic filter'],
  ['a decoder without a kind', `decoders:\n${decoder('x', 'decoder: { version: 1 }')}`, '4:12: decoders.0.decoder'],
  [
    'a name twice',
    `decoders:\n${decoder('x')}${decoder('x')}`,
    '5:9: decoders.1.name is the name of an earlier decoder',
  ],
  [
    'a source of video',
    'cameras:\n  - { name: a, source: "http://x", model: m, output: 0, label: x, threshold: 1 }\n',
    '2:24: cameras.0.source is neither rtsp://',
  ],
  [
    'a clip that is too short',
    'cameras:\n  - { name: a, source: x, model: m, output: 0, label: x, threshold: 1, clip: { maxSeconds: 9 } }\n',
    '2:78: cameras.0.clip needs a maxSeconds above',
  ],
  ['a serial port', 'nodes:\n  serial: ["/dev/ttyS0:1"]\n', '2:12: nodes.serial.0 is wrong: A serial port'],
  ['an OPC UA server for nobody', 'opcua: { server: {} }\n', '1:18: opcua.server lets nobody in'],
  [
    'a user of OPC UA without a password',
    'opcua: { server: { users: [{ name: a }] } }\n',
    '1:28: opcua.server.users.0 is wrong: A user needs either password or passwordFile',
  ],
  [
    'a user of OPC UA twice',
    'opcua: { server: { users: [{ name: a, password: x }, { name: a, password: y }] } }\n',
    '1:62: opcua.server.users.1.name is the name of an earlier user',
  ],
  [
    'a key without a secret',
    'http: { keys: [{ name: a, topics: [x] }] }\n',
    '1:16: http.keys.0 needs either key or file',
  ],
  [
    'a secret that two keys have',
    `http:\n  keys:\n${['a', 'b'].map((name) => `    - { name: ${name}, topics: [x], key: kkkkkkkkkkkkkkkk }\n`).join('')}`,
    '4:7: http.keys.1 has the key of another one',
  ],
  ['a list in place of settings', '- a\n', '1:1: it must be object'],
])('reports the line and column of %s', (_what, text, message) => {
  expect(() => parseConfig(text, '/plant/site.yaml')).toThrow(`/plant/site.yaml:${message}`);
});

it('refuses a file that is far too large, and one whose aliases would fill the memory', () => {
  expect(() => parseConfig('#'.repeat(1024 * 1024 + 1), 'site.yaml')).toThrow('has more than');
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
    .split('')
    .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`)
    .join('\n')}\n`;
  expect(() => parseConfig(bomb, 'site.yaml')).toThrow('alias');
});
