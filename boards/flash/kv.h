/*
 * The key-value store: what a module, or the agent, stores across restarts and swaps. Every change is one journal
 * record and durable when the call returns. Values stay in flash and are read there. docs/spec/flash.md has the format;
 * the TypeScript twin is host/device/flash/kv.ts.
 *
 * A look-up reads the heads of all records in the bank. Opening the store, and moving to the other bank, do that once
 * for each key. This is fast for the tens of keys of a module, but takes seconds for thousands of keys on large pages.
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
    /* The flash failed. Open the store again. */
    KV_FLASH,
};

struct kv {
    struct journal journal;
    /* Stored bytes of all keys and values. */
    uint32_t used;
};

/*
 * Opens the store on two pages or more; returns false for fewer. Only reads; any other contents of the flash count as
 * an empty store.
 */
bool kv_open(struct kv *kv, const struct flash_region *region);

/* Returns the limit on stored bytes of keys and values: three quarters of a bank. */
uint32_t kv_capacity(const struct kv *kv);

/* Finds a value in flash, where it stays until the next change of the store. Returns false if there is none. */
bool kv_get(const struct kv *kv, const uint8_t *key, size_t key_len, struct span *value);

/* Sets a value. It is durable when this returns KV_OK. Setting an equal value writes nothing. */
enum kv_result kv_set(struct kv *kv, const uint8_t *key, size_t key_len, const uint8_t *value, size_t count);

/* Deletes a key. This is durable when it returns KV_OK. */
enum kv_result kv_delete(struct kv *kv, const uint8_t *key, size_t key_len);

/* Iterates over all keys in the order in which they were last set. Start with `*at` = 0. */
bool kv_next(const struct kv *kv, uint32_t *at, struct span *key, struct span *value);

#endif
