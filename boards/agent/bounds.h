/*
 * Numbers that bound what a module, a link or a board can ask of the agent. Those of docs/LIMITS.md that hold for every
 * node come first.
 */
#ifndef MOTE_BOUNDS_H
#define MOTE_BOUNDS_H

/* A module: wall-clock time of one call, and how long after the time of the next a step may end. */
#define AGENT_DEADLINE_US 2000000
#define AGENT_LATE_US 100000
/* No step is nearer to the one before, so that a module that always wants to run leaves time to others. */
#define AGENT_MIN_STEP_US 100
/* A module outside its trial is asked for its health this often, after a step. */
#define AGENT_HEALTH_US 1000000
/*
 * Between a fault and the next start of a confirmed module: doubled with each fault in a row. A fault of the processor
 * delays the node's own start by the first.
 */
#define AGENT_RESTART_US 1000000
#define AGENT_RESTART_MAX_US 60000000

/* In one call; host/device/node/host-imports.ts. */
#define AGENT_CALL_PUBLISHES 64
#define AGENT_CALL_EVENTS 16
#define AGENT_CALL_LOGS 32
#define AGENT_CALL_WRITES 16

/* Sensors of a board. */
#define AGENT_SENSORS 8
/* The interpreter's stack of values is this part of the module heap, within bounds. */
#define AGENT_STACK_SHARE 16
#define AGENT_STACK_MIN 2048
#define AGENT_STACK_MAX 65536
/*
 * Bytes that are taken from the link before timers are looked at again, and the time after which no frame more is taken,
 * so that a peer that floods it can't stop the module.
 */
#define AGENT_LINK_TURN 4096
#define AGENT_LINK_TURN_US 250000
/* The watchdog: longer than a call's deadline and than anything the agent itself does at once. */
#define AGENT_WATCHDOG_MS 30000
/* The agent's own telemetry comes this often, unless the setting `agent.vitals_s` says otherwise. */
#define AGENT_VITALS_S 60
#define AGENT_VITALS_MAX_S 86400

/* What a board with little memory sets otherwise: the link's store, and the longest message that is taken. */
#ifndef AGENT_LINK_STORE_BYTES
#define AGENT_LINK_STORE_BYTES 6144
#endif
#ifndef AGENT_MESSAGE_BYTES
#define AGENT_MESSAGE_BYTES 1280
#endif
/*
 * What a module declares goes into its birth message, for which a quarter of the store is kept free; the rest says who
 * the node is.
 */
#define AGENT_DECLARED_BYTES (AGENT_LINK_STORE_BYTES / 4 - 512)

/*
 * Raw windows around events, at the end of the module heap: bytes, and the most of it that they take. A small board has
 * none.
 */
#ifndef AGENT_CAPTURE_BYTES
#define AGENT_CAPTURE_BYTES 8192
#endif
#define AGENT_CAPTURE_SHARE 16

/* Pages of the two key-value stores and of the slots' journal: DEFAULT_LAYOUT of host/device/node/storage.ts. */
#define AGENT_STORE_PAGES 2
#define AGENT_MODULE_PAGES 4
#define AGENT_JOURNAL_PAGES 2

#endif
