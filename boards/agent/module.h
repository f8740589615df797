/*
 * One module: loaded, bounded and called; and what its imports need to know of it. The TypeScript twin is
 * host/device/node/runtime.ts.
 */
#ifndef MOTE_MODULE_H
#define MOTE_MODULE_H

#include "base/constants.h"
#include "identity.h"
#include "package/package.h"
#include "runtime/instance.h"
#include "update/slots.h"

struct agent;

/* A metric or a command that the module declared in `init`, on the module heap. */
struct declared {
    struct declared *next;
    int8_t exponent;
    uint8_t name_bytes;
    uint8_t unit_bytes;
    /* Name, then unit. */
    uint8_t text[];
};

struct declarations {
    struct declared *first;
    struct declared *last;
    uint32_t count;
};

/*
 * Bytes of a birth message for the names and units that a module declares: a quarter of the link's store is kept free
 * for the birth message, and the rest of it says who the node is.
 */
#define MODULE_DECLARED_BYTES (AGENT_LINK_STORE_BYTES / 4 - AGENT_BIRTH_BYTES)

enum phase { PHASE_IDLE, PHASE_INIT, PHASE_STEP, PHASE_MESSAGE };

/* What an import counts in one call of init, step or on_message. */
enum spending { SPEND_PUBLISHES, SPEND_EVENTS, SPEND_LOGS, SPEND_WRITES, SPENDINGS };

/* What the node gives to each module. */
struct module_host {
    struct agent *agent;
    const struct slots *slots;
    const struct identity *identity;
    const struct instance_import *imports;
    uint32_t import_count;
    struct instance_platform platform;
    /* Memory that a module may have, and the interpreter's stack. */
    uint32_t memory_bytes;
    uint32_t stack_bytes;
};

struct module {
    /* For the imports. */
    struct agent *agent;
    /* NULL if no module is loaded. */
    struct instance *instance;
    struct package package;
    /* The slot of its package. */
    int slot;
    int32_t init;
    int32_t step;
    int32_t on_message;
    int32_t health;

    /* Its declarations, and the bytes that they take of a birth message. */
    struct declarations metrics;
    struct declarations commands;
    uint32_t declared_bytes;
    /* The sensors that it has opened, by handle. */
    uint8_t sensors[AGENT_SENSORS];
    uint32_t sensor_count;
    /*
     * By handle: the module has found the ring full, the samples that were lost then, and whether it has read a sample
     * or was reported for reading none.
     */
    bool full[AGENT_SENSORS];
    uint32_t lost_when_full[AGENT_SENSORS];
    bool settled[AGENT_SENSORS];

    /* State of the present call. */
    enum phase phase;
    uint8_t spent[SPENDINGS];
    struct span message;
    /* Time that the flash took to store values. */
    uint64_t stored_us;
    /* A fault that an import found, with its own sentence. */
    bool has_fault;
    struct reason fault;

    /* The last answer of `health`, and the number of missed deadlines. */
    bool has_answered;
    int32_t answer;
    uint64_t answer_us;
    uint32_t misses;
    /* Steps in a row that returned an earlier time, and by how much the last one did. */
    uint32_t early_steps;
    uint64_t early_us;
    /* It is being swapped in. It is judged after its trial was reported. */
    bool starting;
};

/*
 * Opens the package in a slot and loads its module. Returns false, with the cause in `why` and nothing loaded, if that
 * fails; `*no_room` says whether only memory was missing.
 */
bool module_load(struct module *module, const struct module_host *host, int slot, struct reason *why, bool *no_room);

/* Frees the memory of a module, if one is loaded. */
void module_unload(struct module *module);

/* Each returns false, with the cause in `why`, if the module faulted. Such a module can only be unloaded. */
bool module_init(struct module *module, struct reason *why);
/* Sets `*next_us` to the time of the next step, UINT64_MAX for never. Fails if the node would never sleep. */
bool module_step(struct module *module, uint64_t now_us, uint64_t *next_us, struct reason *why);
/* Delivers a command for subscription `id`, or -1 for a changed configuration. */
bool module_message(struct module *module, int32_t id, struct span body, struct reason *why);
/* Sets `*answer`: 1 for healthy, 0 for not known yet, negative for failing. */
bool module_health(struct module *module, int32_t *answer, struct reason *why);

/* Returns a declaration by its number, or NULL. */
const struct declared *declared_at(const struct declarations *list, uint32_t index);
/* Returns the number of a name, or -1. */
int32_t declared_find(const struct declarations *list, struct span name);
/* Adds a declaration on the module heap. Returns NULL if there is no room. */
struct declared *declared_add(struct declarations *list, struct span name, struct span unit, int8_t exponent);

#endif
