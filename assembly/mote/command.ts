import { DECODER_BYTES, Decoder } from '../cbor/decoder';
import { MAX_MESSAGE, message_read, subscribe as ask } from '../abi/module';
import { log } from './log';
import { NAME, writeName } from './names';
import { refuse } from './status';

/** The id that `onMessage` receives when the node's configuration has changed. */
export const CONFIG_CHANGED: i32 = -1;

const body = memory.data(MAX_MESSAGE);
const decoder = changetype<Decoder>(memory.data(DECODER_BYTES, 8));

/**
 * Subscribes to commands of that name, only in `init`: it traps afterwards. Returns the id that `onMessage` receives with
 * each, or a negative error.
 */
export function subscribe(name: string): i32 {
  const id = ask(NAME, writeName(name));
  if (id < 0) {
    log.error(name);
    log.error("command can't be subscribed (in init), error", id);
    refuse(id);
  }
  return id;
}

/** Inside `onMessage`: returns the command's CBOR body, valid until the next call. It may be hostile, see `Decoder`. */
export function message(): Decoder {
  return decoder.begin(body, message_read(body, MAX_MESSAGE));
}
