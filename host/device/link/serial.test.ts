/** Tests of a serial link over a pseudo-terminal, which is configured and read as a UART is. */
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSerial } from './serial.ts';
import { NEEDS_PTY, openPty, type Pty } from './testing.ts';

/** Every byte, with line ends, flow control and end-of-file. */
const ALL = Uint8Array.from({ length: 256 }, (_, i) => i);

/** Resolves with the first `count` bytes of a stream. */
const bytesOf = (stream: { onData(listener: (bytes: Uint8Array) => void): void }, count: number) =>
  new Promise<Uint8Array>((resolve) => {
    const bytes: number[] = [];
    stream.onData((part) => {
      bytes.push(...part);
      if (bytes.length >= count) resolve(Uint8Array.from(bytes));
    });
  });

describe.skipIf(NEEDS_PTY !== null)(`a serial line${NEEDS_PTY ?? ''}`, () => {
  let pty: Pty;
  beforeEach(async () => {
    pty = await openPty();
  });
  afterEach(() => pty.close());

  it('carries every byte unchanged in both directions at the requested speed', async () => {
    const transport = await openSerial(pty.path, 57_600);
    const { stdout } = spawnSync('stty', ['-F', pty.path], { encoding: 'utf8' });
    expect(stdout).toMatch(/^speed 57600 baud/);
    const far = pty.far();
    const there = bytesOf(far, 256);
    transport.write(ALL);
    expect(await there).toEqual(ALL);
    const back = bytesOf(transport, 256);
    far.write(ALL);
    expect(await back).toEqual(ALL);
    transport.close();
  });

  it('reports once that it was unplugged, also to a late listener', async () => {
    const transport = await openSerial(pty.path);
    let closed = 0;
    const unplugged = new Promise<void>((resolve) =>
      transport.onClose(() => {
        closed++;
        resolve();
      }),
    );
    transport.onData(() => {});
    await pty.close();
    await unplugged;
    transport.close();
    transport.write(ALL);
    await new Promise<void>((resolve) => transport.onClose(resolve));
    expect(closed).toBe(1);
  });
});

describe('a serial line that cannot be opened', () => {
  it.each([
    [
      '/nowhere/ttyACM0',
      /^The serial port \/nowhere\/ttyACM0 can't be opened: it does not exist; check that the board is plugged in/,
    ],
    ['/proc/self', /^The serial port \/proc\/self can't be opened: EISDIR/],
    ['/dev/null', /^\/dev\/null can't be set to 115200 baud: stty: .*\S\.$/],
  ])('%s: the error describes the cause', async (path, sentence) => {
    await expect(openSerial(path)).rejects.toMatchObject({
      code: 'SERIAL',
      message: expect.stringMatching(sentence),
      cause: expect.any(Error),
    });
  });
});
