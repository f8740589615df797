/*
 * Metadata of a package, read in place. docs/spec/package.md has the format. The TypeScript twin is
 * host/device/package/metadata-codec.ts.
 */
#ifndef MOTE_METADATA_H
#define MOTE_METADATA_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/reason.h"

/* Encoded items of one kind that are still to be read. Copy it to read them again. */
struct metadata_list {
    const uint8_t *at;
    uint32_t bytes;
    uint32_t count;
};

struct metadata {
    struct span name;
    /* Semantic version of the app. */
    struct span version;
    /* ABI that the module was built for, major x 65536 + minor. */
    uint32_t abi;
    /* Linear memory in bytes. It equals the module's `memory_bytes`. */
    uint32_t memory_bytes;
    struct metadata_list sensors;
    struct metadata_list metrics;
    struct metadata_list commands;
    struct metadata_list models;
    /* Fuel that one call may use. */
    uint64_t fuel;
    uint32_t trial_ms;
    /* Product class of the nodes that may run it. Empty for nodes without one. */
    struct span product;
    /* Name of the only node, and group of the nodes, that may run it. Empty for all. */
    struct span node;
    struct span group;
    /* Largest distance of the sequence from the confirmed one. */
    uint32_t max_step;
};

struct metadata_metric {
    struct span name;
    /* UCUM, or empty. */
    struct span unit;
    int8_t exponent;
};

struct metadata_model {
    struct span name;
    /* 32 bytes. */
    const uint8_t *sha256;
};

/*
 * Parses and checks all metadata. Returns false, with CBOR, PKG_FORMAT or PKG_METADATA in `why`, if they are invalid. The results
 * point into `bytes`.
 */
bool metadata_parse(struct span bytes, struct metadata *metadata, struct reason *why);

/* Reads the next name of `sensors` or `commands`. Returns false if there are no more. */
bool metadata_next_name(struct metadata_list *list, struct span *name);
bool metadata_next_metric(struct metadata_list *list, struct metadata_metric *metric);
bool metadata_next_model(struct metadata_list *list, struct metadata_model *model);

#endif
