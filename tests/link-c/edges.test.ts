import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../host/device/link/frame.ts';
import { type Packet, parsePacket } from '../../host/device/link/packet.ts';
import { missingCompiler } from '../c-program.ts';
import { ask, buildDriver, compare } from './driver.ts';
import { hex, NodeEnd, shimAcks, shimData, shimHello } from './reference.ts';

const START = '0 start 9 16 64 4000 1280 1024 65536 64 64 64 8192 2048';
const time = { type: 'time', sentUs: 0, utcMs: 1_790_000_000_000 } as const;
const log = (us: number, text: string) => `${us} log 2 ${hex(Buffer.from(text))}`;

/** Returns the packets in the written bytes, and the number of truncated frames. */
function packets(written: string[]): { packets: Packet[]; errors: number } {
  const decoder = new FrameDecoder();
  const found: Packet[] = [];
  const bytes = Buffer.from(written.join('').replace(/\[[^\]]*\]/g, ''), 'hex');
  decoder.push(bytes, (content) => found.push(parsePacket(content.slice())!));
  return { packets: found, errors: decoder.errors };
}
const kinds = (found: Packet[]) => found.map((one) => (one.kind === 'data' ? one.seq : one.kind));

const driver = await buildDriver();

describe.skipIf(missingCompiler)('a C node', () => {
  const same = (lines: string[]) => {
    const node = new NodeEnd();
    const expected = lines.map((line) => node.run(line));
    compare(driver, lines, expected);
    return expected;
  };

  it('reports a silent link exactly three keep-alive times after the last byte, and sends once in each', () => {
    for (const us of [0, 1, 123_457]) {
      const script = [`${us} ${START.slice(2)}`, `${us} attach`, `${us} in ${shimHello(9)}`];
      const written = same([...script, ...[1, 2, 3, 4].map((n) => `${us + n * 10_000_000} wait`)]);
      expect(written.findIndex((line) => line.includes('[silent]'))).toBe(5);
    }
  });

  it('ends a frame early when its message is acknowledged meanwhile, and continues behind it', () => {
    const up = [START, '0 attach', `0 in ${shimHello(9)}`, `0 in ${shimData(0, time)}`, `0 in ${shimAcks(2)}`];
    const text = 'longer than what is stuffed at once '.repeat(5);
    // Three messages are sent partly, then the first two are acknowledged.
    const slow = [
      '0 drain 0',
      log(0, text),
      log(0, text),
      log(0, text),
      '0 drain 20',
      `0 in ${shimAcks(3)}`,
      '0 drain 5000',
    ];
    const written = ask(driver, [...up, ...slow]).slice(up.length);
    const { packets: found, errors } = packets(written);
    expect(errors).toBe(1);
    expect(kinds(found)).toEqual([3, 4]);
  });

  it('resends nothing while the line is still transmitting', () => {
    const up = [START, '0 attach', `0 in ${shimHello(9)}`, `0 in ${shimData(0, time)}`, `0 in ${shimAcks(2)}`];
    const slow = ['0 drain 0', log(0, 'one'), log(0, 'two'), '0 drain 10', '3000000 drain 1000', '3000000 stats'];
    const written = ask(driver, [...up, ...slow]).slice(up.length, -1);
    expect(kinds(packets(written).packets)).toEqual([2, 3]);
    // The messages are resent after that.
    const again = ask(driver, [...up, ...slow, '9000000 wait']).at(-1)!;
    expect(kinds(packets([again]).packets).slice(0, 2)).toEqual([2, 3]);
  });

  it('answers a flood with one window and one birth in 5 ms, and accepts one window of messages from one read', () => {
    const command = { type: 'command', id: 1, name: 'go', body: new Uint8Array(0) } as const;
    const flood = Array.from({ length: 100 }, (_, seq) => shimData(seq, { ...command, id: 5 * seq + 1 })).join('');
    const naks = Array.from({ length: 11 }, (_, i) => `${1000 + i * 1000} in ${shimAcks(0, 'nak')}`);
    const strangers = Array.from({ length: 11 }, (_, i) => `${20_000 + i * 1000} in ${shimHello(9, 100 + i)}`);
    const lines = [START, '0 attach', `0 in ${shimHello(9)}`, ...naks, `13000 in ${flood}`, ...strangers];
    const written = same(lines);
    // The birth and the time request are in flight.
    expect(written.slice(3, 14).map((line) => packets([line]).packets.length)).toEqual([
      2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2,
    ]);
    expect(written[14]!.match(/\[command/g)).toHaveLength(16);
    const births = written.slice(15).map((line) => packets([line]).packets.length > 0);
    expect(births).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((i) => i % 5 === 0));
  });
});
