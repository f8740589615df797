/*
 * Messages between a node and its shim (docs/spec/link.md, "Messages"). Spans point to the original bytes: those of a
 * received message point into the receive buffer and are valid until its handler returns.
 */
#ifndef MOTE_MESSAGE_H
#define MOTE_MESSAGE_H

#include "base/abi.h"
#include "base/constants.h"
#include "base/reason.h"
#include "cbor/cbor.h"

/* --- What a node receives --- */

struct message_time {
    uint64_t sent_us;
    uint64_t utc_ms;
};

struct message_command {
    uint32_t id;
    struct span name;
    struct span body;
};

/*
 * The whole configuration. `message_setting` removes its pairs, in ascending order of names; copy it to read them
 * again.
 */
struct message_config {
    struct cbor_reader pairs;
    uint32_t count;
};

struct message_offer {
    const uint8_t *sha256;
    uint32_t sequence;
    uint32_t total;
};

struct message_chunk {
    /* The first MESSAGE_TRANSFER_BYTES of the package's SHA-256. */
    const uint8_t *transfer;
    uint32_t offset;
    struct span bytes;
};

struct message {
    enum message_type type;
    union {
        struct message_time time;
        struct message_command command;
        struct message_config config;
        struct message_offer offer;
        struct message_chunk chunk;
    } as;
};

/*
 * Parses a message. Returns false for anything that is not exactly one message of a shim, in its shortest form and
 * within its limits.
 */
bool message_parse(const uint8_t *bytes, size_t count, struct message *message);

/* Reads the next setting. Returns false if there are no more. */
bool message_setting(struct message_config *config, struct span *name, int32_t *value);

/* Compares names of settings by their UTF-16 code units, as JavaScript sorts: negative, 0 or positive. */
int message_compare_names(struct span a, struct span b);

/* --- What a node sends --- */

/* In the order of the link's slot states, as enum slot_state. */
struct message_module {
    struct span name;
    struct span version;
    uint32_t sequence;
    const uint8_t *sha256;
    uint8_t slot;
    uint8_t state;
};

struct message_metric {
    struct span name;
    /* UCUM. */
    struct span unit;
    int8_t exponent;
};

struct message_birth {
    struct span node;
    uint32_t boot;
    struct span firmware_name;
    struct span firmware_version;
    /* Whether a module runs. Without one there are no metrics and commands. */
    bool has_module;
    struct message_module module;
    uint32_t metric_count;
    uint32_t command_count;
    /*
     * Return each metric and command on request, in order, possibly more than once. `context` is for these functions.
     */
    struct message_metric (*metric)(void *context, uint32_t index);
    struct span (*command)(void *context, uint32_t index);
    void *context;
};

struct message_telemetry {
    uint8_t metric;
    uint8_t quality;
    int8_t exponent;
    /* Time of the node's clock. */
    int64_t t0_us;
    uint32_t dt_us;
    /* `count` int32 values, little-endian, with any alignment, as in a module's memory. */
    const uint8_t *values;
    uint32_t count;
    uint32_t seq;
};

struct message_event {
    struct span name;
    /* Time of the node's clock. */
    int64_t t_us;
    uint32_t seq;
    /* One CBOR item, 1 to ABI_MAX_EVENT bytes. */
    struct span body;
};

struct message_log {
    /* 0 error, 1 warn, 2 info, 3 debug. */
    uint8_t level;
    /* Time of the node's clock. */
    int64_t t_us;
    /* A reason instead of a text, or NULL. */
    const struct reason *reason;
    struct span text;
};

/* The states are in the order of the link, as enum transfer_state. */
struct message_ota {
    uint8_t state;
    uint32_t sequence;
    const uint8_t *sha256;
    uint32_t received;
    uint32_t total;
    bool has_swap;
    uint64_t swap_us;
    bool has_lost;
    uint32_t lost;
    /* NULL for none. */
    const struct reason *reason;
};

struct message_result {
    uint32_t id;
    bool ok;
    /* NULL for none. */
    const struct reason *reason;
};

/* Any message of a node. */
struct message_said {
    enum message_type type;
    union {
        const struct message_birth *birth;
        const struct message_telemetry *telemetry;
        const struct message_event *event;
        const struct message_log *log;
        const struct message_ota *ota;
        const struct message_result *result;
        /* A request for the time. */
        const uint64_t *sent_us;
    } as;
};

/*
 * Writes a message. Returns false, with useless output, if it exceeds its limits. A message with a time has
 * LINK_TIME_BYTES for it at `*time_at`, which hold the node's time. For a message without a time `*time_at` becomes 0.
 */
bool message_put(struct cbor_writer *out, const struct message_said *said, uint8_t *time_at);

/* Returns the node's time at that offset, in microseconds. */
int64_t message_time_us(const uint8_t *bytes, uint8_t time_at);

/* Returns the bytes of UTC milliseconds in their shortest form. */
uint32_t message_time_bytes(int64_t utc_ms);

/* Replaces the node's time by UTC milliseconds. Returns the new length of the message, at most the old one. */
uint32_t message_date(uint8_t *bytes, uint32_t count, uint8_t time_at, int64_t utc_ms);

#endif
