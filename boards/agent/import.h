/*
 * What all imports share. A module is hostile until proved otherwise: a pointer outside its memory is a `memory` trap,
 * every other wrong argument is an error number, and what a module may do in one call is counted. The checks and their
 * order are those of host/device/node/host-imports.ts.
 */
#ifndef MOTE_IMPORT_H
#define MOTE_IMPORT_H

#include "base/abi.h"
#include "base/text.h"
#include "module.h"

#define I32(argument) ((int32_t)instance_u32(argument))
#define U32(argument) instance_u32(argument)

/* An import of the table in imports.c. */
#define IMPORT(name)                                                                                                   \
    enum trap import_##name(const struct instance_import *import, void *context, const uint64_t *arguments,             \
                            uint64_t *result)
/* The start of each import: the module. The other parameters may be unused. */
#define MODULE                                                                                                         \
    struct module *module = context;                                                                                   \
    (void)import;                                                                                                      \
    (void)arguments;                                                                                                   \
    (void)result

/* Ends an import with its result. */
enum trap import_answer(uint64_t *result, int32_t number);

/* Ends an import with a trap that has its own code and sentence. */
enum trap import_fault(struct module *module, enum trap trap, const struct reason *reason);

/* Returns bytes of the module's memory in `bytes`, or a trap. */
enum trap import_bytes(struct module *module, uint32_t at, uint32_t count, uint8_t **bytes);

/*
 * Takes the bytes of the module's memory that two arguments name, at most `max`. Returns false if the import has to end
 * with `*end`, an error number in `result` or a trap.
 */
bool import_takes(struct module *module, const uint64_t *arguments, uint32_t max, struct span *span, uint64_t *result,
                  enum trap *end);

/* The same for a name. */
bool import_takes_name(struct module *module, const uint64_t *arguments, struct span *name, uint64_t *result,
                       enum trap *end);

/* Copies to the module's buffer and ends with the length, or with TOO_LARGE if the buffer is too small. */
enum trap import_copy_out(struct module *module, struct span from, uint32_t dst, uint32_t dst_bytes, uint64_t *result);

/* Counts one use in this call. Returns false if it is one too many. */
bool import_spend(struct module *module, enum spending what);

#endif
