/** Opens the byte stream under a connection: `mqtt://host:1883` is TCP, `mqtts://host:8883` is TLS. */

import { connect as tcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as tls } from 'node:tls';
import { MoteError } from '../../base/index.ts';

/** Returns a stream that emits `connect` (TCP) or `secureConnect` (TLS) when it can be used. */
export type OpenStream = (url: URL) => Duplex;

/** The address without user and password, for screens and logs. It may be any text, also one that is no address. */
export function publicUrl(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1');
}

export function parseBrokerUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['mqtt:', 'mqtts:'].includes(url.protocol) || url.hostname === '') {
    throw new MoteError(
      'MQTT_URL',
      `${JSON.stringify(publicUrl(text))} is not a broker address; use mqtt://host[:1883] or mqtts://host[:8883].`,
    );
  }
  return url;
}

/** `options` go to node:tls as they are: `ca`, `cert`, `key`, `servername`. Certificates are verified unless these options disable that. */
export function openStream(options: ConnectionOptions = {}): OpenStream {
  return (url) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (url.protocol === 'mqtts:') return tls({ servername: host, ...options, host, port: Number(url.port || 8883) });
    return tcp({ host, port: Number(url.port || 1883), noDelay: true });
  };
}
