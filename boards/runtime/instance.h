/*
 * One module in wasm3, with its limits and its read-only data, on a board and in the addon for Node. Wasm and rom are
 * used in place and must outlive the instance. Memory comes from heap.h (boards) or from malloc (the addon).
 *
 * wasm3 validates little: the caller has to know where a module comes from. Whatever runs in a validated module ends in
 * a result or a trap.
 */
#ifndef MOTE_INSTANCE_H
#define MOTE_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "trap.h"

/* Maximum of a function's parameters, MAX_PARAMS of host/device/engine/parse.ts. */
#define INSTANCE_MAX_PARAMS 64
/* Bytes of a signature as text: the result, brackets, the parameters, the terminating zero. */
#define INSTANCE_SIGNATURE_BYTES (INSTANCE_MAX_PARAMS + 4)

struct instance;

/*
 * A host function, found by its name in the module `mote` and its signature. A signature is the result and, in
 * brackets, the parameters: v for none, i for 32 bits, I for 64 bits, f and F for floats of these sizes, as in "i(iI)".
 * ABI_IMPORTS of abi.h lists those of the ABI. The instance itself implements rom_size and rom_read, and returns 0 for
 * nn_run, nn_real_fft and nn_filter_bank if the host does not provide them.
 */
struct instance_import {
    const char *name;
    const char *signature;
    /*
     * Implements an import. Read arguments of 32 bits with instance_u32, and write such a result with instance_put_u32.
     * `context` is that of instance_call. Returns TRAP_NONE, or the trap that stops the module.
     */
    enum trap (*call)(const struct instance_import *import, void *context, const uint64_t *arguments, uint64_t *result);
};

/* What an instance needs of the system. */
struct instance_platform {
    /* Monotonic microseconds. */
    int64_t (*now_us)(void);
    /* Lowest address that the native stack of the running thread may reach in module code and in compilation. */
    uintptr_t (*stack_floor)(void);
};

struct instance_options {
    const uint8_t *wasm;
    uint32_t wasm_bytes;
    const uint8_t *rom;
    uint32_t rom_bytes;
    /* Must outlive the instance; so must the platform. */
    const struct instance_import *imports;
    uint32_t import_count;
    const struct instance_platform *platform;
    /* Limit on linear memory, possibly less than a page. The module gets only its own pages. */
    uint32_t memory_bytes;
    /* Bytes of the interpreter's stack of values. */
    uint32_t stack_bytes;
    /* Fuel of each call, if the module counts a global `fuel` down. */
    int64_t fuel;
    int64_t deadline_us;
    /* Compiles a function at its first call, instead of all functions at once. */
    bool lazy;
};

/* Parses and links a module. Returns NULL on failure, with the cause in `*why`, a static text. */
struct instance *instance_load(const struct instance_options *options, const char **why);
void instance_free(struct instance *instance);

/* Returns the index of an exported function with this signature, or -1. */
int32_t instance_find(const struct instance *instance, const char *name, const char *signature);

/* Writes the signature of a function. Returns false if there is no such function, or none that can be called. */
bool instance_signature(const struct instance *instance, uint32_t function, char text[INSTANCE_SIGNATURE_BYTES]);

/*
 * Calls a function. `values` holds the arguments, in 64 bits each; the result is in `values[0]`. After a trap, only
 * globals and memory may be read, and the instance freed.
 */
enum trap instance_call(struct instance *instance, void *context, uint32_t function, uint64_t *values);

/* Gives the present call more time, for a host function whose time is not the module's. */
void instance_extend(struct instance *instance, uint64_t us);

/* Returns a sentence about the trap of the last call. */
const char *instance_reason(const struct instance *instance);

/*
 * Returns the offset in the module of the instruction that trapped in the last call, or of a call that led to it: of
 * its caller with a depth of 1, and so on. Returns 0 beyond what is known; on boards that is a depth of 1. If the
 * instruction is not known, the offset is that of its function. The module must not run again.
 */
uint32_t instance_place(struct instance *instance, uint32_t depth);

/* Reads type (i, I, f or F) and value of a global by its index. Returns 0 if there is none. */
char instance_global(const struct instance *instance, uint32_t global, uint64_t *value);

/* Returns the fuel of the last call, 0 for a module that does not count it. */
int64_t instance_fuel_used(const struct instance *instance);

/* Linear memory, aligned to 8 and valid until instance_free. */
uint8_t *instance_memory(const struct instance *instance, uint32_t *bytes);

/*
 * Returns `count` bytes of linear memory at `at`, or NULL if they are not all inside; a host function then returns
 * TRAP_MEMORY.
 */
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
