/*
 * What a node stores in flash: the agent's own store (starts, configuration), the module's key-value store, the slots.
 * They are separate, so that a module that fills its store does not affect the agent. docs/spec/node.md has the format.
 */
#ifndef MOTE_STORAGE_H
#define MOTE_STORAGE_H

#include "base/budget.h"
#include "flash/kv.h"
#include "update/slots.h"

/* Pages in this order from the start of the flash. The slots take the rest. */
struct storage_layout {
    /* Even, 2 or more. */
    uint32_t agent_pages;
    /* Even, 2 or more. */
    uint32_t module_pages;
    struct slots_layout slots;
};

struct storage {
    struct kv agent;
    struct kv module;
    struct slots slots;
    /* Number of starts of this node, with this one. */
    uint32_t boot;
    /* Changes of the configuration that are written: keys and identity are in the same pages. */
    struct budget changes;
};

/* Opens the flash and counts a start. Returns false for FLASH_RANGE if the layout does not fit, and for FLASH_IO. */
bool storage_open(struct storage *storage, const struct flash *flash, const struct storage_layout *layout,
                  struct reason *why);

/* The number of starts in a row that a fault or the watchdog caused. Saving 0 writes nothing if nothing is stored. */
uint32_t storage_faults(const struct storage *storage);
enum kv_result storage_save_faults(struct storage *storage, uint32_t faults);

/* Returns the stored `config` message of the link, in flash, unchecked. Returns false if there is none. */
bool storage_config(const struct storage *storage, struct span *message);

/* Returns the bytes that the agent's store would hold with a configuration of `count` bytes. */
uint32_t storage_used_with_config(const struct storage *storage, uint32_t count);

/* Returns the microseconds until the configuration may be changed to this one, 0 if it may now or is the same. */
uint64_t storage_change_wait_us(const struct storage *storage, struct span message, uint64_t now_us);

/* As storage_save_config, and counts a change. */
enum kv_result storage_change_config(struct storage *storage, struct span message, uint64_t now_us);

/* Stores a configuration. It is durable when this returns KV_OK. */
enum kv_result storage_save_config(struct storage *storage, const uint8_t *message, size_t count);

#endif
