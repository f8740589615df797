/*
 * A package's metadata, read where they lie. Format: docs/spec/package.md; the same in TypeScript:
 * host/device/package/metadata-codec.ts.
 */
#ifndef MOTE_METADATA_H
#define MOTE_METADATA_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/reason.h"

/* Items of one kind, encoded, still to be read. Copy it to read them again. */
struct metadata_list {
    const uint8_t *at;
    uint32_t bytes;
    uint32_t count;
};

struct metadata {
    struct span name;
    /* Semantic version of the app. */
    struct span version;
    /* ABI that it was built for, major x 65536 + minor. */
    uint32_t abi;
    /* Linear memory in bytes; equals the module's `memory_bytes`. */
    uint32_t memory_bytes;
    struct metadata_list sensors;
    struct metadata_list metrics;
    struct metadata_list commands;
    struct metadata_list models;
    /* Fuel that one call may spend. */
    uint64_t fuel;
    uint32_t trial_ms;
};

struct metadata_metric {
    struct span name;
    /* UCUM; empty without one. */
    struct span unit;
    int8_t exponent;
};

struct metadata_model {
    struct span name;
    /* 32 bytes. */
    const uint8_t *sha256;
};

/* Checks all of it. False, with CBOR or PKG_METADATA in `why`: it is none. What is read points into `bytes`. */
bool metadata_parse(struct span bytes, struct metadata *metadata, struct reason *why);

/* The next name of `sensors` or `commands`; false when there are no more. */
bool metadata_next_name(struct metadata_list *list, struct span *name);
bool metadata_next_metric(struct metadata_list *list, struct metadata_metric *metric);
bool metadata_next_model(struct metadata_list *list, struct metadata_model *model);

#endif
