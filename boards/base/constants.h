/* Generated from abi/constants.json by abi/generate.mjs. Do not edit. What host and node share. */
#ifndef MOTE_CONSTANTS_H
#define MOTE_CONSTANTS_H

/* --- The link between a node and its shim: frames, packets and sessions. --- */

/* Version of the protocol, in the high four bits of the first byte of each packet. */
#define LINK_VERSION 1
/* CRC-32 at the end of a frame. */
#define LINK_CRC_BYTES 4
/* Longest message. */
#define LINK_MAX_MESSAGE_BYTES 8192
/* Bytes that a packet may have before its message; more than in this version. */
#define LINK_MAX_HEAD_BYTES 16
/* A hello packet. */
#define LINK_HELLO_BYTES 15
/* A data packet before its message. */
#define LINK_DATA_HEAD_BYTES 5
/* An acknowledgement, positive or negative. */
#define LINK_ACK_BYTES 3
/* Data packets in flight that a peer may allow. */
#define LINK_MAX_WINDOW 64
/* Default number of data packets in flight. */
#define LINK_WINDOW 16
/* Messages in the queue, those in flight included. */
#define LINK_QUEUE_MESSAGES 64
/* First delay before the window is sent again. */
#define LINK_RESEND_MS 400
/* The delay doubles up to this multiple of the first one. */
#define LINK_MAX_BACKOFF_FACTOR 16
/* Time without a packet of its own after which an end sends an acknowledgement. */
#define LINK_KEEP_ALIVE_MS 10000
/* Keep-alive times without a packet of the other end after which the link is down. */
#define LINK_SILENT_KEEP_ALIVES 3
/* Time between two windows that are sent again on request, and between two new peers, on one stream. */
#define LINK_FLOOD_US 5000
/* Time between two requests for UTC. */
#define LINK_TIME_SYNC_MS 600000
/* Space for a time in a stored message, until UTC is known. */
#define LINK_TIME_BYTES 9
/* Memory of a stored message besides its own bytes. */
#define LINK_ITEM_BYTES 8

/* --- Bounds of the fields of link messages; bytes are UTF-8. --- */

/* A unit. */
#define MESSAGE_UNIT_BYTES 32
/* The text of a log line, a result or a reason. */
#define MESSAGE_TEXT_BYTES 256
/* Metrics of a node. */
#define MESSAGE_METRICS 64
/* Commands of a node. */
#define MESSAGE_COMMANDS 32
/* Settings of a node. */
#define MESSAGE_SETTINGS 64
/* Largest exponent of ten of a metric, positive or negative. */
#define MESSAGE_MAX_EXPONENT 18
/* Largest quality of telemetry. */
#define MESSAGE_MAX_QUALITY 255
/* Slots that a birth message can number. */
#define MESSAGE_SLOTS 256
/* A digest. */
#define MESSAGE_SHA256_BYTES 32
/* First bytes of the digest of a package, by which chunks name their transfer. */
#define MESSAGE_TRANSFER_BYTES 8
/* A chunk of a package. */
#define MESSAGE_CHUNK_BYTES 4096

/* --- A node of either kind: how it runs a module, and what it keeps. --- */

/* Linear memory of a module. */
#define NODE_MEMORY_BYTES 1048576
/* The interpreter's stack. */
#define NODE_STACK_BYTES 65536
/* Wall-clock time of one call of a module. */
#define NODE_DEADLINE_US 2000000
/* Time after the time of the next step at which a step must have ended. */
#define NODE_LATE_US 100000
/* Shortest time between two steps. */
#define NODE_MIN_STEP_US 100
/* Steps in a row that return an earlier time than that and don't catch up with the clock. */
#define NODE_MAX_EARLY_STEPS 1000
/* Time between two calls of `health` outside a trial. */
#define NODE_HEALTH_US 1000000
/* Time between a fault and the next start of a confirmed module; doubles with each fault in a row. */
#define NODE_RESTART_US 1000000
/* Longest time between a fault and the next start. */
#define NODE_MAX_RESTART_US 60000000
/* Telemetry frames in one call. */
#define NODE_CALL_PUBLISHES 64
/* Events in one call. */
#define NODE_CALL_EVENTS 16
/* Log lines in one call. */
#define NODE_CALL_LOGS 32
/* Writes and deletes of the key-value store in one call. */
#define NODE_CALL_WRITES 16
/* Packages for which a node erases a slot, at once; then one more each sixteenth of a day. */
#define NODE_DAY_PACKAGES 16
/* Changes of the configuration that a node writes, at once; then one more an hour. */
#define NODE_DAY_CONFIGS 24
/* Telemetry frames that wait for the link. */
#define NODE_OUTBOX_TELEMETRY_FRAMES 1024
/* Values of all telemetry frames that wait for the link. */
#define NODE_OUTBOX_TELEMETRY_VALUES 65536
/* Events that wait for the link. */
#define NODE_OUTBOX_EVENTS 64
/* Log lines that wait for the link. */
#define NODE_OUTBOX_LOGS 64
/* Answers and statuses that wait for the link. */
#define NODE_OUTBOX_CONTROL 64
/* Longest time between two reports of a node about itself. */
#define NODE_MAX_VITALS_S 86400
/* Channels of a sensor. */
#define NODE_SENSOR_CHANNELS 64
/* Highest sample rate. */
#define NODE_MAX_RATE_MILLIHERTZ 1000000000
/* Shortest default ring of a sensor. */
#define NODE_MIN_RING_SAMPLES 64
/* Memory of a capture besides its samples. */
#define NODE_CAPTURE_HEAD_BYTES 20
/* A capture takes at most this part of the memory for captures. */
#define NODE_CAPTURE_SHARE 4
/* Samples of a capture in one answer. */
#define NODE_CAPTURE_PART_BYTES 896
/* Assumed drift of a node's clock. */
#define NODE_UTC_DRIFT_PPM 50
/* Latest UTC whose microseconds fit 53 bits, in the year 2255. */
#define NODE_MAX_UTC_MS INT64_C(9007199254740)
/* The stored configuration of a node. */
#define NODE_CONFIG_BYTES 1024
/* Default pages of the agent's store. */
#define NODE_AGENT_PAGES 2
/* Default pages of the module's key-value store. */
#define NODE_MODULE_PAGES 4

/* --- A node on a board. A board may define the adjustable constants otherwise. --- */

/* Sensors of a board. */
#define AGENT_SENSORS 8
/* The interpreter's stack takes this part of the module heap, */
#define AGENT_STACK_SHARE 16
/* at least this, */
#define AGENT_MIN_STACK_BYTES 2048
/* and at most this. */
#define AGENT_MAX_STACK_BYTES 65536
/* Bytes from the link before the agent looks at its timers again. */
#define AGENT_LINK_TURN_BYTES 4096
/* Time after which the agent takes no further frame from the link before it looks at its timers. */
#define AGENT_LINK_TURN_US 250000
/* The watchdog; longer than a call's deadline and than anything that the agent does at once. */
#define AGENT_WATCHDOG_MS 30000
/* Default time between two reports of the agent about itself. */
#define AGENT_VITALS_S 60
/* Memory for messages that wait or aren't acknowledged. */
#ifndef AGENT_LINK_STORE_BYTES
#define AGENT_LINK_STORE_BYTES 6144
#endif
/* Longest message to a node. */
#ifndef AGENT_MESSAGE_BYTES
#define AGENT_MESSAGE_BYTES 1280
#endif
/* Memory for captures, */
#ifndef AGENT_CAPTURE_BYTES
#define AGENT_CAPTURE_BYTES 8192
#endif
/* and the part of the module heap that they take at most. */
#define AGENT_CAPTURE_HEAP_SHARE 16
/* Bytes of a birth message besides the names and units of the module. */
#define AGENT_BIRTH_BYTES 512
/* Locals, parameters and values on the stack of one function. */
#define AGENT_FUNCTION_SLOTS 256

/* --- Journals in flash. --- */

/* Format of a journal. */
#define FLASH_JOURNAL_FORMAT 1
/* Header of a bank of a journal. */
#define FLASH_JOURNAL_HEADER_BYTES 12
/* Header of a record. */
#define FLASH_RECORD_HEADER_BYTES 6
/* Bytes that are programmed at once; the largest write unit that a flash may have. */
#define FLASH_PIECE_BYTES 256
/* Longest record; a length of all ones is erased flash. */
#define FLASH_MAX_RECORD_BYTES 65534

/* --- The slot journal. --- */

/* Format of a record. */
#define SLOTS_FORMAT 2
/* Failed sequences that are kept. */
#define SLOTS_FAILURES 8
/* A slot in a record. */
#define SLOTS_SLOT_BYTES 44
/* Default pages of the journal. */
#define SLOTS_JOURNAL_PAGES 2

/* --- Why a node rejected or rolled back something: a sentence by its number, with arguments. --- */

/* The text among the arguments; a longer one is cut. A code, a space and a rendered sentence fit. */
#define REASON_TEXT_BYTES 193
/* The sentence as a host renders it; a longer one is cut. */
#define REASON_RENDERED_BYTES 160

/* --- The transfer of a package to a node. --- */

/* Chunks after which a node reports its progress. */
#define TRANSFER_CHUNKS_PER_STATUS 4

/* --- Packages. --- */

/* Format of a package, in its metadata. */
#define PACKAGE_FORMAT 2
/* Sensors, metrics, commands and models of a package, each. */
#define PACKAGE_METADATA_ITEMS 256
/* Largest exponent of ten of a metric, positive or negative. */
#define PACKAGE_MAX_EXPONENT 30
/* Keys that a node trusts. */
#define PACKAGE_TRUSTED_KEYS 8
/* The signed manifest and all before it lie in the first bytes, of which these are the most. */
#define PACKAGE_HEAD_BYTES 512
/* Rom begins at a multiple of this. */
#define PACKAGE_ROM_ALIGNMENT 16
/* An authentication wrapper: about 8 signatures. Each is parsed, so their number bounds the work. */
#define PACKAGE_WRAPPER_BYTES 1024
/* Version of a SUIT manifest. */
#define PACKAGE_SUIT_VERSION 1
/* CBOR tag of a SUIT envelope. */
#define PACKAGE_ENVELOPE_TAG 107
/* CBOR tag of a COSE_Sign1 message. */
#define PACKAGE_SIGN1_TAG 18

/* Packets of the link. */
enum packet_kind {
    PACKET_HELLO = 1,
    PACKET_DATA = 2,
    PACKET_ACK = 3,
    PACKET_NAK = 4,
};
#define PACKET_KINDS 4

/* States of a slot, in the slot journal and in birth messages. */
enum slot_state {
    SLOT_EMPTY = 0,
    SLOT_RECEIVING = 1,
    SLOT_READY = 2,
    SLOT_TRIAL = 3,
    SLOT_CONFIRMED = 4,
    SLOT_FAILED = 5,
};
#define SLOT_STATES 6

/* States of a transfer, in `ota` messages. */
enum transfer_state {
    TRANSFER_RECEIVING = 0,
    TRANSFER_VERIFYING = 1,
    TRANSFER_SWAPPING = 2,
    TRANSFER_TRIAL = 3,
    TRANSFER_CONFIRMED = 4,
    TRANSFER_ROLLEDBACK = 5,
    TRANSFER_REFUSED = 6,
};
#define TRANSFER_STATES 7

/* Keys of the metadata of a package. */
enum metadata_key {
    METADATA_FORMAT = 0,
    METADATA_NAME = 1,
    METADATA_VERSION = 2,
    METADATA_ABI = 3,
    METADATA_MEMORY_BYTES = 4,
    METADATA_SENSORS = 5,
    METADATA_METRICS = 6,
    METADATA_COMMANDS = 7,
    METADATA_MODELS = 8,
    METADATA_FUEL = 9,
    METADATA_TRIAL_MS = 10,
    METADATA_PRODUCT = 11,
    METADATA_NODE = 12,
    METADATA_GROUP = 13,
    METADATA_MAX_STEP = 14,
};
#define METADATA_KEYS 15

/* Operations of a record of a key-value store. */
enum kv_operation {
    KV_DELETE = 0,
    KV_SET = 1,
};
#define KV_OPERATIONS 2

/* What a journal holds, as the letter in its header. */
enum journal_kind {
    JOURNAL_KV = 'k',
    JOURNAL_SLOTS = 's',
};

/* Messages of the link. */
enum message_type {
    MESSAGE_BIRTH = 1,
    MESSAGE_TELEMETRY = 2,
    MESSAGE_EVENT = 3,
    MESSAGE_LOG = 4,
    MESSAGE_OTA = 5,
    MESSAGE_TIME_REQUEST = 6,
    MESSAGE_RESULT = 7,
    MESSAGE_TIME = 16,
    MESSAGE_COMMAND = 17,
    MESSAGE_CONFIG = 18,
    MESSAGE_OFFER = 19,
    MESSAGE_CHUNK = 20,
};

/* Items of the array that a message is: its number and its fields. */
#define MESSAGE_BIRTH_ITEMS 7
#define MESSAGE_TELEMETRY_ITEMS 8
#define MESSAGE_EVENT_ITEMS 5
#define MESSAGE_LOG_ITEMS 4
#define MESSAGE_OTA_ITEMS 9
#define MESSAGE_TIME_REQUEST_ITEMS 2
#define MESSAGE_RESULT_ITEMS 4
#define MESSAGE_TIME_ITEMS 3
#define MESSAGE_COMMAND_ITEMS 4
#define MESSAGE_CONFIG_ITEMS 2
#define MESSAGE_OFFER_ITEMS 4
#define MESSAGE_CHUNK_ITEMS 4

#endif
