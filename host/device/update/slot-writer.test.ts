import { describe, expect, it } from 'vitest';
import type { Flash } from '../flash/index.ts';
import { SlotWriter } from './slot-writer.ts';
import { make, PAGE, packageBytes } from './testing.ts';

/** A flash that records its operations: `e` and `p` with the page, and `s` for a sync. */
function recorded(): { flash: Flash; log: string[] } {
  const chip = make();
  const log: string[] = [];
  const flash: Flash = {
    sizeBytes: chip.sizeBytes,
    pageBytes: chip.pageBytes,
    writeBytes: chip.writeBytes,
    read: (address, length) => chip.read(address, length),
    program(address, bytes) {
      log.push(`p${Math.floor(address / PAGE)}`);
      chip.program(address, bytes);
    },
    erase(page) {
      log.push(`e${page}`);
      chip.erase(page);
    },
    sync() {
      log.push('s');
      chip.sync();
    },
  };
  return { flash, log };
}

/** Without the repetitions of an operation. */
const runs = (log: string[]) => log.filter((operation, i) => operation !== log[i - 1]);

describe('the slot writer', () => {
  it.each([16, 100, 450, 1203])('makes each page durable before it begins the next, by chunks of %i bytes', (chunk) => {
    const { flash, log } = recorded();
    const bytes = packageBytes(1);
    const writer = SlotWriter.fresh(flash, bytes.length);
    while (!writer.erase());
    expect(log.splice(0)).toEqual(['e0', 'e1', 'e2', 's']);
    for (let at = 0; at < bytes.length; at += chunk) writer.append(bytes.subarray(at, at + chunk));
    writer.finish();
    expect(runs(log)).toEqual(['s', 'p0', 's', 'p1', 's', 'p2', 's']);
    expect(flash.read(0, bytes.length)).toEqual(bytes);
  });

  it('continues at the last page that has data: it erases that page and the one behind it, durably, before it writes', () => {
    const { flash, log } = recorded();
    const bytes = packageBytes(1);
    const first = SlotWriter.fresh(flash, bytes.length);
    while (!first.erase());
    first.append(bytes.subarray(0, PAGE + 256));
    log.length = 0;
    const writer = SlotWriter.resumed(flash, bytes.length);
    expect([writer.received, writer.resumed, log]).toEqual([PAGE, true, []]);
    writer.append(bytes.subarray(PAGE));
    writer.finish();
    expect(runs(log)).toEqual(['e2', 'e1', 's', 'p1', 's', 'p2', 's']);
    expect(flash.read(0, bytes.length)).toEqual(bytes);
  });
});
