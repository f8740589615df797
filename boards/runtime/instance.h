/*
 * One module in wasm3, with its limits and its read-only data; the same on a board and in Node's addon. Wasm and rom are used in place
 * and must outlive the instance. Memory comes from heap.h (boards) or from malloc (the addon).
 *
 * Whoever loads a module has checked where it comes from: wasm3 itself validates little. Whatever runs in a validated module ends in a
 * result or a trap.
 */
#ifndef MOTE_INSTANCE_H
#define MOTE_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "trap.h"

/* Parameters of a function, MAX_PARAMS of host/device/engine/parse.ts. */
#define MACHINE_MAX_PARAMS 64
/* A signature as text: the result, brackets, the parameters and the end. */
#define MACHINE_SIGNATURE_BYTES (MACHINE_MAX_PARAMS + 4)

struct instance;

/*
 * A host function, found by its name in the module `mote` and its signature. A signature is the result and, in brackets, the parameters:
 * v is none, i is 32 and I is 64 bits, f and F are their floats: "i(iI)". ABI_IMPORTS of abi.h lists those of the ABI.
 *
 * the instance itself answers rom_size and rom_read, and 0 for nn_run, nn_real_fft and nn_filter_bank that a host doesn't give.
 */
struct instance_import {
    const char *name;
    const char *signature;
    /*
     * Arguments of 32 bits are read with instance_u32, and such a result is written with instance_put_u32; those of 64 bits are what they
     * are. `context` is what instance_call was given. TRAP_NONE, or the trap that stops the module.
     */
    enum trap (*call)(const struct instance_import *import, void *context, const uint64_t *arguments, uint64_t *result);
};

/* What it needs of where it runs. */
struct instance_platform {
    /* Monotonic microseconds. */
    int64_t (*now_us)(void);
    /* Lowest address that the native stack of the running thread may reach in module code and compilation. */
    uintptr_t (*stack_floor)(void);
};

struct instance_options {
    const uint8_t *wasm;
    uint32_t wasm_bytes;
    const uint8_t *rom;
    uint32_t rom_bytes;
    /* Must outlive the instance, as the platform must. */
    const struct instance_import *imports;
    uint32_t import_count;
    const struct instance_platform *platform;
    /* Most linear memory, may be below a page; it gets no more than its own pages. */
    uint32_t memory_bytes;
    /* The interpreter's stack of values. */
    uint32_t stack_bytes;
    /* For each call, where the module counts down a global `fuel`. */
    int64_t fuel;
    int64_t deadline_us;
    /* Compiles a function at its first call, instead of all at once. */
    bool lazy;
};

/* Parses and links. NULL on failure, with the reason in `*why` (a text that lives for ever). */
struct instance *instance_load(const struct instance_options *options, const char **why);
void instance_free(struct instance *instance);

/* Index of an exported function with this signature, or -1. */
int32_t instance_find(const struct instance *instance, const char *name, const char *signature);

/* Signature of a function by index; false when there is none, or none that can be called. */
bool instance_signature(const struct instance *instance, uint32_t function, char text[MACHINE_SIGNATURE_BYTES]);

/*
 * Runs a function. `values` holds the arguments, in 64 bits each; the result comes back in `values[0]`. After a trap the instance can
 * only be asked for its globals and memory, and freed.
 */
enum trap instance_call(struct instance *instance, void *context, uint32_t function, uint64_t *values);

/* The call under way may take so much longer: for a host function whose time isn't the module's. */
void instance_extend(struct instance *instance, uint64_t us);

/* What the trap of the last call was, in a sentence. */
const char *instance_reason(const struct instance *instance);

/* Type (i, I, f or F) and value of a global by index; 0 when there is none. */
char instance_global(const struct instance *instance, uint32_t global, uint64_t *value);

/* Fuel that the last call took, 0 for a module that counts none. */
int64_t instance_fuel_used(const struct instance *instance);

/* Linear memory, aligned to 8; valid until instance_free. */
uint8_t *instance_memory(const struct instance *instance, uint32_t *bytes);

/* `count` bytes of linear memory at `at`, or NULL where they aren't all inside: a host function then returns TRAP_MEMORY. */
uint8_t *instance_bytes(const struct instance *instance, uint32_t at, uint32_t count);

static inline uint32_t instance_u32(uint64_t value)
{
    uint32_t number;
    memcpy(&number, &value, sizeof number);
    return number;
}

static inline void instance_put_u32(uint64_t *value, uint32_t number)
{
    memcpy(value, &number, sizeof number);
}

#endif
