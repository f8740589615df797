// Generated from abi/constants.json by abi/generate.mjs. Do not edit.

/** The link between a node and its shim: frames, packets and sessions. */
export const LinkConstant = {
  /** Version of the protocol, in the high four bits of the first byte of each packet. */
  version: 1,
  /** CRC-32 at the end of a frame. */
  crcBytes: 4,
  /** Longest message. */
  maxMessageBytes: 8192,
  /** Bytes that a packet may have before its message; more than in this version. */
  maxHeadBytes: 16,
  /** A hello packet. */
  helloBytes: 15,
  /** A data packet before its message. */
  dataHeadBytes: 5,
  /** An acknowledgement, positive or negative. */
  ackBytes: 3,
  /** Data packets in flight that a peer may allow. */
  maxWindow: 64,
  /** Default number of data packets in flight. */
  window: 16,
  /** Messages in the queue, those in flight included. */
  queueMessages: 64,
  /** First delay before the window is sent again. */
  resendMs: 400,
  /** The delay doubles up to this multiple of the first one. */
  maxBackoffFactor: 16,
  /** Time without a packet of its own after which an end sends an acknowledgement. */
  keepAliveMs: 10_000,
  /** Keep-alive times without a packet of the other end after which the link is down. */
  silentKeepAlives: 3,
  /** Time between two windows that are sent again on request, and between two new peers, on one stream. */
  floodUs: 5000,
  /** Time between two requests for UTC. */
  timeSyncMs: 600_000,
  /** Space for a time in a stored message, until UTC is known. */
  timeBytes: 9,
  /** Memory of a stored message besides its own bytes. */
  itemBytes: 8,
} as const;

/** Bounds of the fields of link messages; bytes are UTF-8. */
export const MessageConstant = {
  /** A unit. */
  unitBytes: 32,
  /** The text of a log line, a result or a reason. */
  textBytes: 256,
  /** Metrics of a node. */
  metrics: 64,
  /** Commands of a node. */
  commands: 32,
  /** Settings of a node. */
  settings: 64,
  /** Largest exponent of ten of a metric, positive or negative. */
  maxExponent: 18,
  /** Largest quality of telemetry. */
  maxQuality: 255,
  /** Slots that a birth message can number. */
  slots: 256,
  /** A digest. */
  sha256Bytes: 32,
  /** First bytes of the digest of a package, by which chunks name their transfer. */
  transferBytes: 8,
  /** A chunk of a package. */
  chunkBytes: 4096,
} as const;

/** A node of either kind: how it runs a module, and what it keeps. */
export const NodeConstant = {
  /** Linear memory of a module. */
  memoryBytes: 1_048_576,
  /** The interpreter's stack. */
  stackBytes: 65_536,
  /** Wall-clock time of one call of a module. */
  deadlineUs: 2_000_000,
  /** Time after the time of the next step at which a step must have ended. */
  lateUs: 100_000,
  /** Shortest time between two steps. */
  minStepUs: 100,
  /** Steps in a row that return an earlier time than that and don't catch up with the clock. */
  maxEarlySteps: 1000,
  /** Time between two calls of `health` outside a trial. */
  healthUs: 1_000_000,
  /** Time between a fault and the next start of a confirmed module; doubles with each fault in a row. */
  restartUs: 1_000_000,
  /** Longest time between a fault and the next start. */
  maxRestartUs: 60_000_000,
  /** Telemetry frames in one call. */
  callPublishes: 64,
  /** Events in one call. */
  callEvents: 16,
  /** Log lines in one call. */
  callLogs: 32,
  /** Writes and deletes of the key-value store in one call. */
  callWrites: 16,
  /** Packages for which a node erases a slot, at once; then one more each sixteenth of a day. */
  dayPackages: 16,
  /** Changes of the configuration that a node writes, at once; then one more an hour. */
  dayConfigs: 24,
  /** Telemetry frames that wait for the link. */
  outboxTelemetryFrames: 1024,
  /** Values of all telemetry frames that wait for the link. */
  outboxTelemetryValues: 65_536,
  /** Events that wait for the link. */
  outboxEvents: 64,
  /** Log lines that wait for the link. */
  outboxLogs: 64,
  /** Answers and statuses that wait for the link. */
  outboxControl: 64,
  /** Longest time between two reports of a node about itself. */
  maxVitalsS: 86_400,
  /** Channels of a sensor. */
  sensorChannels: 64,
  /** Highest sample rate. */
  maxRateMillihertz: 1_000_000_000,
  /** Shortest default ring of a sensor. */
  minRingSamples: 64,
  /** Memory of a capture besides its samples. */
  captureHeadBytes: 20,
  /** A capture takes at most this part of the memory for captures. */
  captureShare: 4,
  /** Samples of a capture in one answer. */
  capturePartBytes: 896,
  /** Assumed drift of a node's clock. */
  utcDriftPpm: 50,
  /** Latest UTC whose microseconds fit 53 bits, in the year 2255. */
  maxUtcMs: 9_007_199_254_740,
  /** The stored configuration of a node. */
  configBytes: 1024,
  /** Default pages of the agent's store. */
  agentPages: 2,
  /** Default pages of the module's key-value store. */
  modulePages: 4,
} as const;

/** A node in TypeScript. */
export const HostNodeConstant = {
  /** Names and units of all metrics and commands of a module. */
  declaredBytes: 7680,
} as const;

/** Journals in flash. */
export const FlashConstant = {
  /** Format of a journal. */
  journalFormat: 1,
  /** Header of a bank of a journal. */
  journalHeaderBytes: 12,
  /** Header of a record. */
  recordHeaderBytes: 6,
  /** Bytes that are programmed at once; the largest write unit that a flash may have. */
  pieceBytes: 256,
  /** Longest record; a length of all ones is erased flash. */
  maxRecordBytes: 65_534,
} as const;

/** The slot journal. */
export const SlotsConstant = {
  /** Format of a record. */
  format: 2,
  /** Failed sequences that are kept. */
  failures: 8,
  /** A slot in a record. */
  slotBytes: 44,
  /** Default pages of the journal. */
  journalPages: 2,
} as const;

/** Why a node rejected or rolled back something: a sentence by its number, with arguments. */
export const ReasonConstant = {
  /** The text among the arguments; a longer one is cut. A code, a space and a rendered sentence fit. */
  textBytes: 193,
  /** The sentence as a host renders it; a longer one is cut. */
  renderedBytes: 160,
} as const;

/** The transfer of a package to a node. */
export const TransferConstant = {
  /** Chunks after which a node reports its progress. */
  chunksPerStatus: 4,
} as const;

/** Packages. */
export const PackageConstant = {
  /** Format of a package, in its metadata. */
  format: 2,
  /** Sensors, metrics, commands and models of a package, each. */
  metadataItems: 256,
  /** Largest exponent of ten of a metric, positive or negative. */
  maxExponent: 30,
  /** Keys that a node trusts. */
  trustedKeys: 8,
  /** The signed manifest and all before it lie in the first bytes, of which these are the most. */
  headBytes: 512,
  /** Rom begins at a multiple of this. */
  romAlignment: 16,
  /** An authentication wrapper: about 8 signatures. Each is parsed, so their number bounds the work. */
  wrapperBytes: 1024,
  /** Version of a SUIT manifest. */
  suitVersion: 1,
  /** CBOR tag of a SUIT envelope. */
  envelopeTag: 107,
  /** CBOR tag of a COSE_Sign1 message. */
  sign1Tag: 18,
} as const;

/** Modules that the host accepts. */
export const ModuleConstant = {
  /** Nested blocks of a function. */
  maxNesting: 512,
  /** Locals of a function. */
  maxLocals: 1000,
  /** Parameters of a function. */
  maxParams: 64,
  /** Entries of the table. */
  maxTable: 65_536,
  /** Nested blocks above which `mote build` warns. */
  warnNesting: 12,
  /** Locals above which `mote build` warns. */
  warnLocals: 200,
  /** Default fuel of one call, */
  baseFuel: 20_000_000,
  /** and what each multiply-accumulate of the app's models adds. */
  fuelPerMac: 20,
} as const;

/** Models that the compiler accepts. */
export const ModelConstant = {
  /** The file. */
  fileBytes: 268_435_456,
  /** Tensors. */
  tensors: 8000,
  /** Operators. */
  operators: 2000,
  /** Inputs or outputs of an operator. */
  operands: 64,
  /** Dimensions of a tensor. */
  rank: 6,
  /** A tensor. */
  tensorBytes: 67_108_864,
  /** A name. */
  nameBytes: 4096,
  /** Channels of a tensor. */
  channels: 65_536,
  /** Pictures in a batch. */
  batch: 64,
  /** Constants that all operators read; a tensor counts each time. */
  constantBytes: 268_435_456,
} as const;

/** A shim and the embedded broker. */
export const GatewayConstant = {
  /** The queue of a node. */
  queueBytes: 67_108_864,
  /** The queues of all nodes of a shim. */
  queueTotalBytes: 1_073_741_824,
  /** Nodes of a shim. */
  nodes: 10_000,
  /** Connections to a shim whose node has sent no accepted birth yet. */
  unbornLinks: 1024,
  /** Time that such a connection has. */
  birthMs: 60_000,
  /** An MQTT packet to the embedded broker or a client: twice the largest package. */
  mqttPacketBytes: 1_048_576,
  /** The first packet of a client to the embedded broker. */
  brokerConnectBytes: 16_384,
  /** Clients of the embedded broker that aren't accepted yet. */
  brokerLogins: 1024,
  /** A chunk that a shim sends. */
  chunkBytes: 2048,
  /** Messages that can't be handled and are kept. */
  deadLetters: 100,
  /** Their files together. */
  deadLetterBytes: 4_194_304,
  /** Messages that a broker refused and that are kept. */
  refusedLetters: 10_000,
  /** Their files together. */
  refusedLetterBytes: 67_108_864,
  /** Names of nodes that one connection to a shim may bring. */
  linkNames: 8,
  /** Names of nodes that are on no list and that one address may bring. */
  addressNames: 1000,
} as const;

/** Packets of the link. */
export const PacketKind = {
  hello: 1,
  data: 2,
  ack: 3,
  nak: 4,
} as const;

/** States of a slot, in the slot journal and in birth messages. Their numbers begin with 0. */
export const SLOT_STATES = ['empty', 'receiving', 'ready', 'trial', 'confirmed', 'failed'] as const;
export type SlotState = (typeof SLOT_STATES)[number];

/** States of a transfer, in `ota` messages. Their numbers begin with 0. */
export const TRANSFER_STATES = [
  'receiving',
  'verifying',
  'swapping',
  'trial',
  'confirmed',
  'rolledback',
  'refused',
] as const;
export type TransferState = (typeof TRANSFER_STATES)[number];

/** Keys of the metadata of a package. */
export const MetadataKey = {
  format: 0,
  name: 1,
  version: 2,
  abi: 3,
  memoryBytes: 4,
  sensors: 5,
  metrics: 6,
  commands: 7,
  models: 8,
  fuel: 9,
  trialMs: 10,
  product: 11,
  node: 12,
  group: 13,
  maxStep: 14,
} as const;

/** Operations of a record of a key-value store. */
export const KvOperation = {
  delete: 0,
  set: 1,
} as const;

/** What a journal holds, as the letter in its header. */
export const JournalKind = { kv: 'k', slots: 's' } as const;

/** Messages of the link: the number of each, who sends it, and its fields in their order. */
export const MESSAGES = {
  /** Identity of what runs: sent when a link comes up, and after each swap. */
  birth: {
    number: 1,
    from: 'node',
    fields: ['node', 'boot', 'firmware', 'module', 'metrics', 'commands'],
  },
  /** Values of a metric. */
  telemetry: {
    number: 2,
    from: 'node',
    fields: ['metric', 't0Ms', 'dtUs', 'values', 'exponent', 'quality', 'seq'],
  },
  /** An event. */
  event: {
    number: 3,
    from: 'node',
    fields: ['name', 'tMs', 'seq', 'body'],
  },
  /** A log line. */
  log: {
    number: 4,
    from: 'node',
    fields: ['level', 'tMs', 'text'],
  },
  /** Progress of an update. */
  ota: {
    number: 5,
    from: 'node',
    fields: ['state', 'sequence', 'sha256', 'received', 'total', 'swapUs', 'lost', 'reason'],
  },
  /** A request for UTC. */
  'time?': {
    number: 6,
    from: 'node',
    fields: ['sentUs'],
  },
  /** The answer to a command. */
  result: {
    number: 7,
    from: 'node',
    fields: ['id', 'ok', 'reason'],
  },
  /** UTC. */
  time: {
    number: 16,
    from: 'shim',
    fields: ['sentUs', 'utcMs'],
  },
  /** A command. */
  command: {
    number: 17,
    from: 'shim',
    fields: ['id', 'name', 'body'],
  },
  /** The whole configuration. */
  config: {
    number: 18,
    from: 'shim',
    fields: ['values'],
  },
  /** An offer of a package. */
  offer: {
    number: 19,
    from: 'shim',
    fields: ['sha256', 'sequence', 'total'],
  },
  /** A part of a package. */
  chunk: {
    number: 20,
    from: 'shim',
    fields: ['transfer', 'offset', 'bytes'],
  },
} as const;
