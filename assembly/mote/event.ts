import { ENCODER_BYTES, Encoder } from '../cbor/encoder';
import { LEVEL_ERROR, MAX_EVENT, TOO_LARGE, event as send } from '../abi/module';
import { append, flush } from './log';
import { NAME, writeName } from './names';

/** Head of a CBOR map of up to 23 entries; their number is added to it. */
const MAP: u8 = 0xa0;
const MAX_FIELDS: i32 = 23;

const body = memory.data(MAX_EVENT);
const encoder = changetype<Encoder>(memory.data(ENCODER_BYTES, 8));
let title = '';
let fields: i32 = 0;

/** An event whose fields are being added; there is one at a time. See `event`. */
@unmanaged
@final
export class EventBuilder {
  int(key: string, value: i64): this {
    this.field(key).int(value);
    return this;
  }

  bool(key: string, value: bool): this {
    this.field(key).bool(value);
    return this;
  }

  text(key: string, value: string): this {
    this.field(key).text(value);
    return this;
  }

  bytes(key: string, data: usize, length: i32): this {
    this.field(key).bytes(data, length);
    return this;
  }

  /** Adds a field with any other value: write exactly one item to the returned encoder. */
  field(key: string): Encoder {
    fields++;
    return encoder.text(key);
  }

  /**
   * Sends the event: OK, TOO_LARGE (over 1024 bytes or 23 fields: it is logged and not sent) or another error of the
   * host.
   */
  send(): i32 {
    if (!encoder.ok || fields > MAX_FIELDS) {
      append(title);
      append(': event not sent, it is over 1024 bytes or 23 fields');
      flush(LEVEL_ERROR);
      return TOO_LARGE;
    }
    store<u8>(body, MAP + <u8>fields);
    return send(NAME, writeName(title), body, encoder.length + 1);
  }
}

/**
 * Begins an event, which consists of a name and a CBOR map. It is delivered at least once.
 *
 * ```
 * event('keyword').text('word', 'yes').int('score', 230).send();
 * ```
 */
export function event(name: string): EventBuilder {
  title = name;
  fields = 0;
  encoder.begin(body + 1, MAX_EVENT - 1);
  return changetype<EventBuilder>(body);
}
