/* One module in wasm3, with its limits and its read-only data. Knows nothing of JavaScript. */
#ifndef MOTE_MACHINE_H
#define MOTE_MACHINE_H

#include <stddef.h>
#include <stdint.h>

/* Parameters of a function, MAX_PARAMS of host/engine/parse.ts. */
#define MACHINE_MAX_PARAMS 64

enum machine_type { MACHINE_NONE = 0, MACHINE_I32 = 1, MACHINE_I64 = 2, MACHINE_F32 = 3, MACHINE_F64 = 4 };

struct machine;

/* Who answers an import. */
enum machine_import { MACHINE_HOST = 0, MACHINE_ROM_SIZE = 1, MACHINE_ROM_READ = 2 };

/* The signature of a function: its result and its parameters, as `enum machine_type`. */
struct machine_signature {
    uint8_t result;
    uint8_t count;
    uint8_t params[MACHINE_MAX_PARAMS];
};

/*
 * A host function: `values[0]` is where the result goes, if there is one; the arguments follow. Returns NULL, or the trap that stops the
 * module: any string that outlives the call.
 */
typedef const char *(*machine_host)(void *context, uint32_t import, const struct machine_signature *signature,
                                    uint64_t *values);

struct machine_options {
    /* The module without custom sections, checked by host/engine/validate.ts. Copied. */
    const uint8_t *wasm;
    uint32_t wasm_bytes;
    /* Read-only data. Copied. */
    const uint8_t *rom;
    uint32_t rom_bytes;
    /* One `enum machine_import` for each imported function, in the module's order. Read during the load only. */
    const uint8_t *imports;
    uint32_t import_count;
    /* Index of the global `fuel`, or -1. */
    int32_t fuel_global;
    int64_t fuel;
    uint32_t memory_bytes;
    uint32_t stack_bytes;
    int64_t deadline_ns;
    machine_host host;
};

/* Parses, links and compiles all functions. NULL on failure, with the reason in `error`, which lives as long as `error_buffer`. */
struct machine *machine_load(const struct machine_options *options, char *error, size_t error_bytes);
void machine_free(struct machine *machine);

/* 0 and the signature, or -1 when there is no such function. */
int machine_signature(const struct machine *machine, uint32_t function, struct machine_signature *signature);

/*
 * Runs a function. `values` holds the arguments, in 64 bits each; the result comes back in `values[0]`. NULL, or what stopped it.
 * `context` goes to host functions.
 */
const char *machine_call(struct machine *machine, void *context, uint32_t function, uint64_t *values);

/* 0, the type and the value of a global, or -1 when there is no such global. */
int machine_global(const struct machine *machine, uint32_t global, uint8_t *type, uint64_t *value);

/* Linear memory; valid until machine_free. */
uint8_t *machine_memory(const struct machine *machine, size_t *bytes);

#endif
