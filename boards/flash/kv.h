/*
 * The key-value store: what a module, or the agent itself, keeps across restarts and swaps. Every change is one journal
 * record, durable when the call returns. Values stay in flash and are read there; what lives is found by looking
 * through the journal. Format: docs/spec/flash.md; the same in TypeScript: host/device/flash/kv.ts.
 *
 * A look-up passes the heads of all records in the bank; opening, and moving to the other bank, do so once for each key
 * that lives. That is little for the tens of keys that a module has, and seconds for thousands on large pages.
 */
#ifndef MOTE_KV_H
#define MOTE_KV_H

#include <stddef.h>

#include "base/abi.h"
#include "journal.h"

enum kv_result {
    KV_OK = 0,
    KV_NOT_FOUND,
    /* A key has 1 to 64 bytes of UTF-8. */
    KV_BAD_KEY,
    /* A value has up to 1024 bytes. */
    KV_BAD_VALUE,
    /* Nothing was changed. */
    KV_FULL,
    /* The flash failed; open the store anew. */
    KV_FLASH,
};

struct kv {
    struct journal journal;
    /* Stored bytes of all that lives. */
    uint32_t used;
};

/*
 * Opens the store on two pages or more: false with fewer. Only reads; whatever else the flash holds is an empty store.
 */
bool kv_open(struct kv *kv, const struct flash_region *region);

/* Most stored bytes of keys and values together: three quarters of a bank. */
uint32_t kv_capacity(const struct kv *kv);

/* The value, in flash, where it stays until the next change of the store. False: there is none. */
bool kv_get(const struct kv *kv, const uint8_t *key, size_t key_len, struct span *value);

/* Durable when it returns KV_OK; an equal value costs no write. */
enum kv_result kv_set(struct kv *kv, const uint8_t *key, size_t key_len, const uint8_t *value, size_t count);

/* Durable when it returns KV_OK. */
enum kv_result kv_delete(struct kv *kv, const uint8_t *key, size_t key_len);

/* What lives, in the order in which it was last set: begin with `*at` 0. */
bool kv_next(const struct kv *kv, uint32_t *at, struct span *key, struct span *value);

#endif
