/* One module, loaded, bounded and asked: the same as host/device/node/runtime.ts, with what its imports need to know of it. */
#ifndef MOTE_MODULE_H
#define MOTE_MODULE_H

#include "runtime/instance.h"
#include "package/package.h"
#include "update/slots.h"
#include "bounds.h"

struct agent;

/* A metric or a command that the module declared in `init`; on the module heap. */
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

enum phase { PHASE_IDLE, PHASE_INIT, PHASE_STEP, PHASE_MESSAGE };

/* What one call (init, step or on_message) may do is counted. */
enum spending { SPEND_PUBLISHES, SPEND_EVENTS, SPEND_LOGS, SPEND_WRITES, SPENDINGS };

struct module {
    struct agent *agent;
    /* NULL: not loaded. */
    struct instance *instance;
    struct package package;
    /* Where its package lies. */
    int slot;
    int32_t init;
    int32_t step;
    int32_t on_message;
    int32_t health;

    /* What it declared, and the bytes of a birth message that this takes. */
    struct declarations metrics;
    struct declarations commands;
    uint32_t declared_bytes;
    /* Sensors that it opened, by handle. */
    uint8_t sensors[AGENT_SENSORS];
    uint32_t sensor_count;

    /* Of the call under way. */
    enum phase phase;
    uint8_t spent[SPENDINGS];
    struct span message;
    /* Time that the flash took for what it stored. */
    uint64_t stored_us;
    /* What an import found wrong, when it is more than the instance's own words. */
    bool has_fault;
    struct reason fault;

    /* Its life: the last answer of `health`, and how it keeps its deadlines. */
    bool has_answered;
    int32_t answer;
    uint64_t answer_us;
    uint32_t misses;
    /* Being swapped in: judged only after its trial was announced. */
    bool starting;
};

/*
 * Opens the package in a slot and loads its module. False, with nothing loaded, and why; `*no_room`: only for want of
 * memory.
 */
bool module_load(struct module *module, struct agent *agent, int slot, struct reason *why, bool *no_room);
/* Its memory is free again. Of a module that isn't loaded: nothing. */
void module_unload(struct module *module);

/* Each is false, with the code and the sentence in `why`, when the module faulted; then it only can be unloaded. */
bool module_init(struct module *module, struct reason *why);
/* `*next_us`: the time of the next step, UINT64_MAX for never. */
bool module_step(struct module *module, uint64_t now_us, uint64_t *next_us, struct reason *why);
/* A command for subscription `id`, or -1 for a changed configuration. */
bool module_message(struct module *module, int32_t id, struct span body, struct reason *why);
/* 1 healthy, 0 not known yet, negative: failing. */
bool module_health(struct module *module, int32_t *answer, struct reason *why);

/* What was declared, by its number; NULL when there is none. */
const struct declared *declared_at(const struct declarations *list, uint32_t index);
/* The number of a name, or -1. */
int32_t declared_find(const struct declarations *list, struct span name);
/* On the module heap; NULL when there is no room. */
struct declared *declared_add(struct declarations *list, struct span name, struct span unit, int8_t exponent);

#endif
