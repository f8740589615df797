/** Addresses as users write them, on the command line and in configuration files. */
import { MoteError } from '../../base/index.ts';
import { DEFAULT_BAUD } from '../../device/link/index.ts';
import type { BrokerChoice } from '../broker/index.ts';
import type { SerialLine } from './serve.ts';

const MAX_PORT = 65_535;

/** `embedded` or `embedded:PORT` is a broker that is started here; anything else is the address of one that runs. Throws `USAGE`. */
export function parseBroker(text: string): BrokerChoice {
  const embedded = /^embedded(?::(.+))?$/.exec(text);
  if (embedded === null) return { url: text };
  const port = embedded[1] ?? '1883';
  if (!/^\d{1,5}$/.test(port) || Number(port) > MAX_PORT)
    throw new MoteError('USAGE', `A broker is embedded:PORT with a port from 0 to ${MAX_PORT}; got "${text}".`);
  return { embeddedPort: Number(port) };
}

/** `HOST:PORT` or `PORT`, with or without `tcp://`. `option` is the option that the user wrote it after. Throws `USAGE`. */
export function parseAddress(text: string, option: string): { host: string; port: number } {
  const match = /^(?:tcp:\/\/)?(?:(\[[0-9a-fA-F:]+\]|[^:/]+):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > MAX_PORT)
    throw new MoteError('USAGE', `${option} takes HOST:PORT, such as 127.0.0.1:7878; got "${text}".`);
  return { host: (match[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port };
}

/** `PATH` or `PATH:BAUD`. Throws `USAGE`. */
export function parseSerial(text: string): SerialLine {
  const [, path, baud = String(DEFAULT_BAUD)] = /^(.+?)(?::(\d+))?$/.exec(text) ?? [];
  if (path !== undefined && Number(baud) >= 300 && Number(baud) <= 4_000_000) return { path, baud: Number(baud) };
  throw new MoteError(
    'USAGE',
    `A serial port is PATH or PATH:BAUD, such as /dev/ttyACM0:115200, at 300 to 4000000 baud; got "${text}".`,
  );
}
