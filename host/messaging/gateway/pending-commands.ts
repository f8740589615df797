/** Commands that wait for a node's answer. Each gets exactly one: its result, or the reason why there is none. */

import type { Clock } from '../../base/index.ts';
import type { Command } from '../../device/link/index.ts';
import type { MessageProperties, Received } from '../mqtt/index.ts';
import { type CommandRequest, encodeAnswer, parseCommand } from './commands.ts';

/** A command fails if it has no answer after this time. */
const ANSWER_MS = 30_000;
const MAX_PENDING = 32;

interface Pending {
  request: CommandRequest;
  properties: MessageProperties;
  cancel: () => void;
}

export interface Answer {
  name: string;
  payload: Uint8Array;
  contentType: string;
  /** Properties of the request: response topic and correlation data. */
  request: MessageProperties;
}

export interface PendingCommandsOptions {
  clock: Clock;
  /** Starts at random: a node may still send answers to an earlier gateway, which must not match commands of this one. */
  firstId: number;
  /** Returns the reason why the node can't get a command now, or undefined. */
  unable(name: string): string | undefined;
  /** Returns false when the link is full. */
  send(command: Command): boolean;
  answer(answer: Answer): void;
}

export class PendingCommands {
  readonly #options: PendingCommandsOptions;
  readonly #pending = new Map<number, Pending>();
  #id: number;

  constructor(options: PendingCommandsOptions) {
    this.#options = options;
    this.#id = options.firstId;
  }

  /** Handles a message on `cmd`. Throws `COMMAND` or `PAYLOAD` if it can't be read, and so can't be answered. */
  request(message: Received): void {
    const request = parseCommand(message);
    const { clock, unable, send } = this.#options;
    const full = this.#pending.size >= MAX_PENDING;
    this.#id = (this.#id + 1) >>> 0;
    const id = this.#id;
    const cancel = clock.after(ANSWER_MS, () =>
      this.answer(id, false, `The node gave no answer in ${ANSWER_MS / 1000} s.`),
    );
    this.#pending.set(id, { request, properties: message.properties, cancel });
    const { name, body } = request;
    const why = full ? `${MAX_PENDING} commands wait for the node already.` : unable(name);
    if (why !== undefined) this.answer(id, false, why);
    else if (!send({ type: 'command', id, name, body })) this.answer(id, false, 'The link to the node is full.');
  }

  /** Handles a result from the node. Drops one that nobody waits for. */
  answer(id: number, ok: boolean, text: string): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    pending.cancel();
    const { request, properties } = pending;
    const encoded = encodeAnswer({ id: request.id, name: request.name, ok, text }, request.json);
    this.#options.answer({ name: request.name, ...encoded, request: properties });
  }

  /** The node can no longer answer. */
  fail(text: string): void {
    for (const id of [...this.#pending.keys()]) this.answer(id, false, text);
  }

  stop(): void {
    for (const { cancel } of this.#pending.values()) cancel();
    this.#pending.clear();
  }
}
