/** Frames, messages and sessions between a node and its shim. Formats: docs/spec/link.md. */
export { encodeMessage, isNodeMessage, MessageLimit, parseMessage } from './codec.ts';
export { FrameDecoder } from './frame.ts';
export { keepOpen } from './keep-open.ts';
export { checkLine, type LineCheck } from './line-check.ts';
export * from './messages.ts';
export type { DownReason, LinkOptions, LinkStats } from './options.ts';
export { type FaultPlan, type Pair, transportPair } from './pair.ts';
export { Xorshift } from './random.ts';
export { faultBegin, numbersIn, placeIn, type Report, reason, renderReport, reportOf } from './reason.ts';
export { DEFAULT_BAUD, openSerial } from './serial.ts';
export { LinkSession, type NodeLink, nodeLink, type ShimLink, shimLink } from './session.ts';
export { storedBytes } from './stored.ts';
export { connectTcp, listenTcp, socketTransport, type TcpListener } from './tcp.ts';
export type { Transport } from './transport.ts';
