/** Version 0.1.0 kept the messages of each node in a folder of its own. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DurableLog } from './durable-log.ts';
import { PUT, parseRecords, REMOVE } from './record.ts';
import { decodeStored, type Stored } from './stored.ts';

/**
 * Moves the messages of such folders in `dir` into the log, and deletes the folders. Throws `QUEUE_FORMAT`, `QUEUE_FULL`
 * and `QUEUE_IO`; what was not moved stays.
 */
export function importQueues(dir: string, isNode: (name: string) => boolean, log: DurableLog): void {
  const folders = readdirSync(dir, { withFileTypes: true }).filter((each) => each.isDirectory() && isNode(each.name));
  for (const { name } of folders) {
    const stream = log.stream(name);
    for (const { message, droppable, expiresMs } of waitingIn(join(dir, name))) {
      const { expirySeconds } = message.properties;
      stream.put(message, { droppable, nowMs: expirySeconds === undefined ? 0 : expiresMs - expirySeconds * 1000 });
    }
    log.commitNow();
    rmSync(join(dir, name), { recursive: true });
  }
}

/** In the order of their numbers. */
function waitingIn(folder: string): Stored[] {
  const waiting = new Map<number, Stored>();
  const files = readdirSync(folder).filter((name) => /^\d{10}\.queue$/.test(name));
  for (const file of files.sort()) {
    for (const { kind, seq, body } of parseRecords(readFileSync(join(folder, file))).records) {
      if (kind === PUT) waiting.set(seq, decodeStored(body));
      else if (kind === REMOVE) waiting.delete(seq);
    }
  }
  return [...waiting].sort(([a], [b]) => a - b).map(([, stored]) => stored);
}
