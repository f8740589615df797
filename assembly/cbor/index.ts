/** CBOR without allocations. */
export { DECODER_BYTES, Decoder, MAX_DEPTH } from './decoder';
export { ENCODER_BYTES, Encoder } from './encoder';
export { ARRAY, BYTES, MAP, NEGATIVE, NOTHING, SIMPLE, TAG, TEXT, UINT } from './types';
export { equalsUtf8, utf8Length, writeUtf8 } from './utf8';
