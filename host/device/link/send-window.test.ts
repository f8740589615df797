import { describe, expect, it } from 'vitest';
import { SendWindow } from './send-window.ts';

function filled(count: number): SendWindow<number> {
  const window = new SendWindow<number>();
  for (let i = 0; i < count; i++) window.push(i, Uint8Array.of(i), 10 + i);
  return window;
}
/** Puts up to `limit` messages in flight; each as its number, with a + if it was sent before. */
function flight(window: SendWindow<number>, limit: number): string[] {
  const sent: string[] = [];
  for (let next = window.next(limit); next !== null; next = window.next(limit))
    sent.push(`${next.seq}:${next.body[0]}${next.again ? '+' : ''}`);
  return sent;
}

describe('the sending half of a session', () => {
  it('has no more in flight than the limit, and sends everything again after a rewind', () => {
    const window = filled(4);
    expect(flight(window, 3)).toEqual(['0:0', '1:1', '2:2']);
    expect([window.length, window.inFlight]).toEqual([4, 3]);
    window.rewind();
    expect(window.inFlight).toBe(0);
    expect(flight(window, 9)).toEqual(['0:0+', '1:1+', '2:2+', '3:3']);
  });

  it('forgets what was acknowledged, and rejects a number that was never sent', () => {
    const window = filled(4);
    flight(window, 2);
    expect(window.acknowledge(3)).toBeNull();
    expect(window.acknowledge(0xffff)).toBeNull();
    expect(window.acknowledge(0)).toBe(0);
    expect(window.acknowledge(1)).toBe(1);
    expect([window.length, window.inFlight]).toEqual([3, 1]);
    expect(window.acknowledge(2)).toBe(1);
    expect(window.acknowledge(3)).toBeNull();
    expect(flight(window, 2)).toEqual(['2:2', '3:3']);
  });

  it('may be acknowledged while nothing is in flight, after a rewind', () => {
    const window = filled(3);
    flight(window, 2);
    window.rewind();
    expect(window.acknowledge(2)).toBe(2);
    expect(window.inFlight).toBe(0);
    expect(flight(window, 9)).toEqual(['2:2']);
  });

  it('numbers messages modulo 65536', () => {
    const window = new SendWindow<number>();
    for (let i = 0; i < 65_535; i++) {
      window.push(0, new Uint8Array(1), 1);
      window.next(1);
      window.acknowledge(i + 1);
    }
    window.push(7, Uint8Array.of(7), 1);
    window.push(8, Uint8Array.of(8), 1);
    expect(flight(window, 2)).toEqual(['65535:7', '0:8']);
    expect(window.acknowledge(1)).toBe(2);
    expect(window.length).toBe(0);
  });

  it('counts the memory of all messages or of some', () => {
    const window = filled(3);
    expect(window.bytes(() => true)).toBe(33);
    expect(window.bytes((message) => message > 0)).toBe(23);
  });

  it('returns what was not acknowledged for a new peer, and begins with number 0', () => {
    const window = filled(3);
    flight(window, 3);
    window.acknowledge(1);
    expect(window.restart()).toEqual([1, 2]);
    expect([window.length, window.inFlight]).toEqual([0, 0]);
    window.push(5, Uint8Array.of(5), 1);
    expect(flight(window, 9)).toEqual(['0:5']);
  });
});
