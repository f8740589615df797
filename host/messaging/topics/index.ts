/** Topic names and payload codecs of a node's messages. Format: docs/spec/mqtt.md. */
export { cloudEventProperties } from './cloudevents.ts';
export { encodeBody } from './json.ts';
export {
  CBOR_TYPE,
  decodeEvent,
  decodeItem,
  decodeLog,
  decodeOta,
  decodeState,
  decodeTelemetry,
  encodeEvent,
  encodeItem,
  encodeLog,
  encodeOta,
  encodeState,
  encodeTelemetry,
  JSON_TYPE,
  type NodeLog,
  type NodeState,
  PACKAGE_TYPE,
  PAYLOAD_VERSION,
} from './payloads.ts';
export {
  type Channel,
  checkNamespace,
  checkNodeId,
  DEFAULT_NAMESPACE,
  isAnswerTopic,
  isNodeId,
  topicOf,
} from './topics.ts';
