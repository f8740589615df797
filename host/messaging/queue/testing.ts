/** For tests of the durable log. Not part of the product. */
import { VirtualClock } from '../../base/index.ts';
import { DurableLog } from './durable-log.ts';
import { FaultFolder } from './fault-folder.ts';
import type { LogOptions } from './log-options.ts';
import type { Message } from './message.ts';
import type { Outbox } from './outbox.ts';

export function message(text: string, expirySeconds?: number): Message {
  const properties = expirySeconds === undefined ? {} : { expirySeconds };
  return { topic: 'a/b', payload: Buffer.from(text), qos: 1, retain: false, properties };
}
export const textsOf = (outbox: Outbox): string[] => {
  const texts: string[] = [];
  for (let p = outbox.next(0); p !== undefined; p = outbox.next(p.seq))
    texts.push(Buffer.from(p.message.payload).toString());
  return texts;
};
/** Each message with its stream. */
export const contents = (log: DurableLog): string[] =>
  log
    .names()
    .sort()
    .flatMap((name) => textsOf(log.stream(name)).map((text) => `${name}:${text}`));
export const must = { droppable: false, nowMs: 0 };
export const may = { droppable: true, nowMs: 0 };
/** Bytes of the record of a message of 3 characters of node `n`. */
export const SIZE = (() => {
  const log = new DurableLog({ dir: '', folder: new FaultFolder() });
  log.stream('n').put(message('123'), must);
  return log.stats.waitingBytes;
})();

export const inMemory = (folder: FaultFolder, options: Partial<LogOptions> = {}) =>
  new DurableLog({ dir: 'memory', folder, clock: new VirtualClock(), ...options });
