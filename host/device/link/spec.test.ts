import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MESSAGES } from '../../base/abi/index.ts';
import { packagePath } from '../../base/index.ts';
import { encodeMessage, parseMessage } from './codec.ts';
import { examples } from './examples.ts';
import { encodeFrame, FrameDecoder } from './frame.ts';
import type { Message } from './messages.ts';
import { encodePacket, type Packet, parsePacket } from './packet.ts';

const spec = readFileSync(packagePath('docs', 'spec', 'link.md'), 'utf8');
/** Returns the cells in backquotes of the table row that begins with `name`. */
function row(name: string): Uint8Array[] {
  const line = spec.split('\n').find((one) => one.startsWith(`| ${name} | \``)) ?? '';
  return [...line.matchAll(/`([0-9a-f]+)`/g)].map((match) => Uint8Array.from(Buffer.from(match[1]!, 'hex')));
}

const packets: Record<string, Packet> = {
  hello: { kind: 'hello', ready: false, session: 0x1234_5678, peer: 0, next: 0, window: 16, maxBytes: 8192 },
  data: { kind: 'data', seq: 300, ack: 17, body: encodeMessage(examples['time?']) },
  ack: { kind: 'ack', ack: 18 },
  nak: { kind: 'nak', ack: 18 },
};

describe('docs/spec/link.md', () => {
  it.each(Object.entries(packets))('shows the bytes of the %s packet and its frame', (name, packet) => {
    const [content, frame] = row(name);
    expect(encodePacket(packet)).toEqual(content);
    expect(encodeFrame(content!)).toEqual(frame);
    const decoded: (Packet | null)[] = [];
    new FrameDecoder().push(frame!, (one) => decoded.push(parsePacket(one)));
    expect(decoded).toEqual([packet]);
  });

  it.each(Object.entries(examples) as [string, Message][])('shows the bytes of the %s message', (name, message) => {
    const [encoded] = row(name);
    expect(encodeMessage(message)).toEqual(encoded);
    expect(parseMessage(encoded!)).toEqual(message);
  });

  it('lists every message with its number and no other', () => {
    const rows = [...spec.matchAll(/^\| (\d+) \| ([a-z?]+) \| [^|`]+ \|$/gm)].map(([, number, name]) => [
      name,
      Number(number),
    ]);
    expect(rows).toEqual(Object.entries(MESSAGES).map(([name, { number }]) => [name, number]));
  });

  it('states the size of the telemetry example on the wire', () => {
    const body = encodeMessage(examples.telemetry);
    const bytes = encodeFrame(encodePacket({ kind: 'data', seq: 300, ack: 17, body })).length;
    expect(spec).toContain(`is ${bytes} bytes on the wire`);
  });
});
