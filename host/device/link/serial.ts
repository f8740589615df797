/** Links over a serial line: a board's UART or USB port. `stty` configures the line, so no native package is needed. */
import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { ReadStream, WriteStream } from 'node:tty';
import { MoteError } from '../../base/index.ts';
import type { Transport } from './transport.ts';

/** Speed of the boards' firmware unless their board.json has another one. */
export const DEFAULT_BAUD = 115_200;
/** Raw bytes, 8N1, no flow control, no modem lines; a read returns with the first byte. */
const RAW = [
  'raw',
  '-echo',
  'cs8',
  '-parenb',
  '-cstopb',
  '-crtscts',
  'clocal',
  'cread',
  '-hupcl',
  'min',
  '1',
  'time',
  '0',
];

/**
 * Opens a serial port, such as `/dev/ttyACM0`. Throws `SERIAL` if it doesn't exist, isn't accessible or rejects the
 * speed.
 */
export async function openSerial(path: string, baud = DEFAULT_BAUD): Promise<Transport> {
  if (process.platform === 'win32')
    throw new MoteError(
      'SERIAL',
      'Serial ports are not supported on Windows; use WSL, or a serial server and tcp:HOST:PORT.',
    );
  const files: number[] = [];
  try {
    // Opened before stty runs: a port that no process has open loses its settings.
    const open = () => {
      files.push(openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK));
      return files.at(-1)!;
    };
    const input = open();
    await stty(path, baud);
    const reader = new ReadStream(input);
    files.shift();
    return serialTransport(reader, new WriteStream(open()));
  } catch (cause) {
    for (const file of files) closeSync(file);
    if (cause instanceof MoteError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const how =
      code === 'EACCES'
        ? 'you have no permission; join its group (often dialout) and log in again'
        : code === 'ENOENT'
          ? 'it does not exist; check that the board is plugged in ("mote board doctor" lists ports)'
          : message;
    throw new MoteError('SERIAL', `The serial port ${path} can't be opened: ${how}.`, { cause });
  }
}

function stty(path: string, baud: number): Promise<void> {
  // BSD and macOS name the option -f.
  const file = process.platform === 'linux' ? '-F' : '-f';
  return new Promise((resolve, reject) =>
    execFile('stty', [file, path, String(baud), ...RAW], (error, _stdout, stderr) => {
      if (error === null) resolve();
      else
        reject(
          new MoteError('SERIAL', `${path} can't be set to ${baud} baud: ${stderr.trim() || error.message}.`, {
            cause: error,
          }),
        );
    }),
  );
}

function serialTransport(reader: ReadStream, writer: WriteStream): Transport {
  let ended = false;
  const closing: (() => void)[] = [];
  const end = () => {
    if (ended) return;
    ended = true;
    reader.destroy();
    writer.destroy();
    for (const listener of closing) listener();
  };
  for (const stream of [reader, writer]) stream.on('error', end).on('close', end);
  reader.on('end', end);
  return {
    write(bytes) {
      if (!ended) writer.write(bytes);
    },
    onData(listener) {
      reader.on('data', listener);
    },
    onClose(listener) {
      // A stream that ended before anybody listened emits no further event.
      if (ended) setImmediate(listener);
      else closing.push(listener);
    },
    close: end,
  };
}
