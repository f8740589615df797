/** Decoders: versioned pure functions from raw messages to points and events, described by data. */
export type { Decoder, Outcome } from './decoder.ts';
export {
  type CommonOptions,
  type CsvOptions,
  type Description,
  type Field,
  type JsonOptions,
  type Kind,
  type LineOptions,
  type ModbusRegister,
  type MoteOptions,
  modbusCount,
  type OpcuaVariable,
  type Place,
  parseDescription,
  type QualityPlace,
  registerFault,
  type SenmlOptions,
  type SeriesOption,
  type SparkplugOptions,
  type TimePlace,
} from './description.ts';
export { createDecoder, DecoderFold } from './fold.ts';
export type { Ignored } from './infer/fields.ts';
export { inferDecoders, MAX_SAMPLE_BYTES, MAX_SAMPLE_MESSAGES, type Offer, type OfferedSeries } from './infer/index.ts';
export { type MessageType, offerOf, type TypeOffer, typesOf } from './infer/types.ts';
export { isLineProtocol } from './line-protocol.ts';
export { modbusDiffers, modbusPlace } from './modbus.ts';
export { addCounts, type Counts, type Decoding, REASONS, type Reason } from './result.ts';
export { sparkplugPlace } from './sparkplug.ts';
export { readSparkplug } from './sparkplug-payload.ts';
export { offset, textUs } from './time.ts';
export { decodeUtf8 } from './utf8.ts';
