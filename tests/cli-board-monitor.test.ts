/** `mote monitor` and `mote shim --serial`, with a node at the other end of a TCP stream and of a pseudo-terminal. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RealClock } from '../host/base/index.ts';
import { loadEngine } from '../host/device/engine/index.ts';
import { connectTcp, listenTcp, type Transport } from '../host/device/link/index.ts';
import { NEEDS_PTY, openPty } from '../host/device/link/testing.ts';
import { Node, provision, repeat, volatileFlash } from '../host/device/node/index.ts';
import { startEmbeddedBroker } from '../host/messaging/broker/index.ts';
import { freePort } from '../host/messaging/mqtt/testing.ts';
import { mote, ndjson, type Program, startMote } from './program.ts';
import { keys, microphone, release } from './world.ts';

let dir: string;
let first: Uint8Array;
let next: Uint8Array;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-monitor-'));
  first = await release('keyword', { config: { threshold: 200 } });
  next = await release('keyword', { version: '1.1.0', sequence: 2 });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

function run(...args: string[]): Program {
  const program = startMote(args, dir);
  open.push(async () => {
    program.kill('SIGKILL');
    await program.ended;
  });
  return program;
}

/** A keyword node in real time. */
async function node(id: string): Promise<Node> {
  const flash = volatileFlash();
  provision(flash, 1, first);
  const one = new Node({
    id,
    engine: await loadEngine('wasm3'),
    clock: new RealClock(),
    sensors: [{ name: 'microphone', source: repeat(microphone('stream.wav')) }],
    flash,
    publicKeys: [keys.publicKey],
    vitalsS: 1,
    link: {},
  });
  one.start();
  open.push(() => one.close());
  return one;
}

/** A node as a TCP server, like a serial server or an emulator's UART. */
async function nodeAt(id: string): Promise<number> {
  const one = await node(id);
  const listener = await listenTcp(0, (transport: Transport) => one.attach(transport));
  open.push(() => listener.close());
  return listener.port;
}

const has = (text: string) => (line: string) => line.includes(text);

describe('mote monitor', () => {
  it('shows the messages of a node on a TCP stream, pushes a package to it, and ends at Ctrl-C', async () => {
    const port = await nodeAt('press-7');
    const watching = run('monitor', `tcp:127.0.0.1:${port}`, '--json');
    const { broker } = JSON.parse(await watching.line(has('"listening"')));
    expect(JSON.parse(await watching.line(has('"state":"node"')))).toMatchObject({
      online: true,
      node: 'press-7',
      birth: { module: { name: 'keyword', version: '1.0.0', state: 'confirmed' } },
    });
    const telemetry = async (name: string) =>
      JSON.parse(
        await watching.line((line) => JSON.parse(line).type === 'telemetry' && JSON.parse(line).name === name),
      );
    expect(await telemetry('score.yes')).toMatchObject({
      name: 'score.yes',
      unit: '1',
      exponent: 0,
    });
    expect(JSON.parse(await watching.line(has('"event"')))).toMatchObject({ name: 'keyword', body: { word: 'yes' } });
    const person = run('monitor', 'press-7', '--broker', broker);
    await person.line(has('online: '));
    writeFileSync(join(dir, 'next.mote'), next);
    const pushed = await mote(['push', 'next.mote', '--node', 'press-7', '--broker', broker], dir);
    expect([pushed.code, pushed.stderr]).toEqual([0, '']);
    const ota = await watching.line(has('"confirmed","sequence":2'));
    expect(JSON.parse(ota)).toMatchObject({ type: 'state', state: 'ota', status: { state: 'confirmed', sequence: 2 } });
    expect(await telemetry('agent.stack')).toMatchObject({ unit: 'By' });
    await person.line(has('score.yes ['));
    person.kill('SIGINT');
    expect((await person.ended).stdout).not.toContain('agent.');
    watching.kill('SIGINT');
    const { code, stdout, stderr } = await watching.ended;
    expect([code, stderr]).toEqual([0, '']);
    const now = Date.now() / 1000;
    for (const { t } of ndjson(stdout).filter(({ type }) => type !== 'listening'))
      expect(Math.abs((t as number) - now)).toBeLessThan(120);
  });

  it('reports that a stream was lost, why it is not available, and that it is back', async () => {
    const one = await node('press-8');
    const attach = (transport: Transport) => one.attach(transport);
    const listener = await listenTcp(0, attach);
    const watching = run('monitor', `tcp:127.0.0.1:${listener.port}`);
    await watching.line(has('online: '));
    await listener.close();
    await watching.line(has(`Nothing answers at 127.0.0.1:${listener.port}`));
    const again = await listenTcp(listener.port, attach);
    open.push(() => again.close());
    await watching.line(has('is open again'));
  });

  it.each([
    ['', 'Nothing arrived on tcp:'],
    ['Zephyr shell\r\n', 'that are not frames of the link: wrong baud rate'],
  ])('reports that no node is on a stream that carries %j', async (text, sentence) => {
    const listener = await listenTcp(0, (transport) => transport.write(new TextEncoder().encode(text)));
    open.push(() => listener.close());
    await run('monitor', `tcp:127.0.0.1:${listener.port}`).line(has(sentence));
  });

  it('watches a node behind a gateway by its id, also one that was never seen, and without telemetry on request', async () => {
    const broker = await startEmbeddedBroker({ port: 0 });
    open.push(() => broker.close());
    const port = await freePort();
    const shim = run('shim', '--listen', `127.0.0.1:${port}`, '--broker', broker.url, '--data', 'one', '--json');
    await shim.line(has('"listening"'));
    const watching = run('monitor', 'hall', '--broker', broker.url, '--no-telemetry');
    await watching.line(has('Node hall has never been seen on this broker'));
    const other = await node('other');
    const hall = await node('hall');
    for (const one of [other, hall]) one.attach(await connectTcp(port));
    const born = await watching.line(has('online: '));
    expect(born).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}online: keyword 1\.0\.0 confirmed, slot A; \S+ \S+, start 1$/);
    expect(await watching.line(has('keyword  '))).toMatch(/ {2}keyword {2}word=yes score=\d+$/);
    watching.kill('SIGINT');
    const { stdout } = await watching.ended;
    expect(stdout).not.toMatch(/score\.yes|other/);
  });

  it.each([
    [['monitor', '/nowhere/ttyACM0'], /does not exist; check that the board is plugged in.*\[SERIAL\]/],
    [['monitor', '/dev/ttyACM0:9'], /PATH or PATH:BAUD/],
    [
      ['monitor', 'tcp:127.0.0.1:1'],
      /Nothing answers at 127\.0\.0\.1:1 .*; is the serial server or emulator running\?/,
    ],
    [['monitor', 'tcp:here'], /tcp: takes HOST:PORT/],
    [['monitor', 'a b'], /"a b" isn't a valid node id: use 1 to 64 letters/],
    [['monitor', 'ttyUSB0'], /write \/dev\/ttyUSB0\. \[USAGE\]/],
    [['monitor', 'ttyACM0:57600'], /write \/dev\/ttyACM0:57600\. \[USAGE\]/],
    [['monitor', 'cu.usbmodem14101'], /write \/dev\/cu\.usbmodem14101\./],
    [['monitor', 'COM3'], /COM3 is a serial port of Windows.*tcp:HOST:PORT/],
    [['monitor', 'localhost:4444'], /write tcp:localhost:4444\./],
    [['monitor', 'hall', '--broker', 'mqtt://127.0.0.1:1'], /can't be reached/],
    [['shim', '--serial', '/dev/ttyACM0:9'], /PATH or PATH:BAUD/],
  ])('%j: reports the error', async (args, sentence) => {
    const { code, stderr } = await mote(args, dir);
    expect(stderr).toMatch(sentence);
    expect(stderr).toMatch(/^mote: [^\n]+ \[[A-Z0-9_]+\]\n$/);
    expect(code).toBe(2);
  });
});

describe.skipIf(NEEDS_PTY !== null)(`mote on a serial line${NEEDS_PTY ?? ''}`, () => {
  it('monitor: connects to a board', async () => {
    const pty = await openPty();
    open.push(() => pty.close());
    (await node('bench-3')).attach(pty.far());
    const watching = run('monitor', `${pty.path}:57600`, '--json');
    expect(JSON.parse(await watching.line(has('"online":true')))).toMatchObject({ node: 'bench-3' });
    watching.kill('SIGINT');
    expect(await watching.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('shim: serves a board, also one that is unplugged and plugged in again', async () => {
    const path = join(dir, 'ttyBOARD');
    const plug = async () => {
      const pty = await openPty();
      rmSync(path, { force: true });
      symlinkSync(pty.path, path);
      open.push(() => pty.close());
      return pty;
    };
    let pty = await plug();
    const one = await node('bench-4');
    one.attach(pty.far());
    const shim = run(
      'shim',
      '--serial',
      path,
      '--broker',
      'embedded:0',
      '--listen',
      '127.0.0.1:0',
      '--data',
      'two',
      '--json',
    );
    expect(JSON.parse(await shim.line(has('"online"')))).toMatchObject({ node: 'bench-4' });
    await pty.close();
    const { tMs } = JSON.parse(await shim.line(has('"offline"')));
    pty = await plug();
    one.attach(pty.far());
    await shim.line((line) => JSON.parse(line).state === 'online' && JSON.parse(line).tMs > tMs);
    shim.kill('SIGINT');
    expect(await shim.ended).toMatchObject({ code: 0, stderr: '' });
  });
});
