/*
 * Lives of a node on flash whose power fails: pushes that are resumed, superseded, refused, confirmed, rolled back, and
 * keys that are set and deleted. A life goes on from whatever the flash holds, as a node does that starts again, and
 * checks that nothing that was promised is lost. Calls nothing of an operating system, so that boards run it too.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "agent/storage.h"
#include "cut_flash.h"
#include "update/transfer.h"

/* Pages of the flash: two each for the agent's store, the module's and the slots' journal, three for each slot. */
#define SCENARIO_PAGES 12
#define SCENARIO_KEYS 6

/* What longjmp brings beside what cut_flash.h says: `failure` tells which check failed. */
#define SCENARIO_FAILED 3

struct key_value {
    bool present;
    uint8_t seed;
    uint16_t length;
};

/* What the world was told; it outlives the node's power. */
struct promises {
    /* Highest sequence whose confirmation was acknowledged. */
    uint32_t confirmed;
    /* Lives until now, and starts that were counted. */
    uint32_t lives;
    uint32_t boot;
    /* A bit a sequence: its trial may have been recorded as begun; it ran in it; its failure was acknowledged. */
    uint32_t begun;
    uint32_t tried;
    uint32_t failed;
    /* Changes of keys that were acknowledged, and what the keys are then. */
    uint32_t changes;
    struct key_value keys[SCENARIO_KEYS];
    /* The change that is under way: its key, or SCENARIO_KEYS. */
    uint32_t changing;
    struct key_value change;
};

struct scenario;

struct world {
    struct cut_flash chip;
    const struct scenario *scenario;
    struct promises promises;
    struct storage storage;
    struct transfer transfer;
    /* The node's last status. */
    enum transfer_state state;
    bool wants_head;
    uint32_t received;
    uint16_t reason;
    const char *failure;
};

/* The scenarios one by one; NULL: there are no more. */
const struct scenario *scenario_at(uint32_t index);

const char *scenario_name(const struct scenario *scenario);

/* Makes the flash what it is before the life begins, with power that stays. */
void scenario_prepare(struct world *world);

/* Lives to the end. The caller has set `chip.power`. */
void scenario_live(struct world *world);

#endif
