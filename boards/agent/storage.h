/*
 * What a node keeps in flash, and where: the agent's own store (starts, configuration), the module's key-value store,
 * the slots. They are apart so that a module that fills its store can't stop the agent from keeping its own. Format:
 * docs/spec/node.md.
 */
#ifndef MOTE_STORAGE_H
#define MOTE_STORAGE_H

#include "flash/kv.h"
#include "update/slots.h"

/* Pages, in this order from the start of the flash; the slots take the rest. */
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
    /* Starts of this node, this one included. */
    uint32_t boot;
};

/* Opens the flash and counts a start. False: FLASH_RANGE when the layout doesn't fit, FLASH_IO. */
bool storage_open(struct storage *storage, const struct flash *flash, const struct storage_layout *layout,
                  struct reason *why);

/* Starts in a row that a fault or the watchdog caused; 0 writes nothing where nothing is stored. */
uint32_t storage_faults(const struct storage *storage);
enum kv_result storage_save_faults(struct storage *storage, uint32_t faults);

/*
 * The stored `config` message of the link, in flash; false when there is none. Judging it is for whoever decodes
 * messages.
 */
bool storage_config(const struct storage *storage, struct span *message);

/* Bytes that the agent's store would hold with a configuration of `count` bytes. */
uint32_t storage_used_with_config(const struct storage *storage, uint32_t count);

/* Durable when it returns KV_OK. */
enum kv_result storage_save_config(struct storage *storage, const uint8_t *message, size_t count);

#endif
