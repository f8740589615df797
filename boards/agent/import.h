/*
 * What the files of imports share. The module is hostile until proved otherwise: a pointer outside its memory is a
 * `memory` trap, everything else that is wrong is an error number, and what it may do in one call is counted. The same
 * as host/device/node/host-imports.ts, check by check, in the same order.
 */
#ifndef MOTE_IMPORT_H
#define MOTE_IMPORT_H

#include "base/abi.h"
#include "agent.h"
#include "base/text.h"

#define I32(argument) ((int32_t)instance_u32(argument))
#define U32(argument) instance_u32(argument)

/* An import of the table in imports.c. */
#define IMPORT(name)                                                                                                   \
    enum trap import_##name(const struct instance_import *import, void *context, const uint64_t *arguments,             \
                            uint64_t *result)
/* What each begins with: the module, and names of what it doesn't use. */
#define MODULE                                                                                                         \
    struct module *module = context;                                                                                   \
    (void)import;                                                                                                      \
    (void)arguments;                                                                                                   \
    (void)result

/* Ends an import with its result. */
enum trap import_answer(uint64_t *result, int32_t number);

/* Ends an import with a trap whose sentence isn't the instance's own. */
enum trap import_fault(struct module *module, enum trap trap, const char *code, const struct text *text);

/* Bytes of the module's memory. */
enum trap import_bytes(struct module *module, uint32_t at, uint32_t count, uint8_t **bytes);

/*
 * The bytes of the module's memory that two arguments name, `most` at most. False: the import is over, with the error
 * number in `result` or a trap, and returns `*end`.
 */
bool import_takes(struct module *module, const uint64_t *arguments, uint32_t most, struct span *span, uint64_t *result,
                  enum trap *end);

/* The same of a name. */
bool import_takes_name(struct module *module, const uint64_t *arguments, struct span *name, uint64_t *result,
                       enum trap *end);

/* Copies to the module when its buffer is large enough, and ends with the length, or TOO_LARGE. */
enum trap import_copy_out(struct module *module, struct span from, uint32_t dst, uint32_t dst_bytes, uint64_t *result);

/* Counts one use in this call; false when it was one too many. */
bool import_spend(struct module *module, enum spending what);

IMPORT(time_now);
IMPORT(time_utc);
IMPORT(random);
IMPORT(log);
IMPORT(tap);
IMPORT(sensor_open);
IMPORT(sensor_rate);
IMPORT(sensor_frame_bytes);
IMPORT(sensor_available);
IMPORT(sensor_read);
IMPORT(sensor_time);
IMPORT(sensor_lost);
IMPORT(metric);
IMPORT(publish);
IMPORT(event);
IMPORT(subscribe);
IMPORT(message_read);
IMPORT(config);
IMPORT(kv_get);
IMPORT(kv_set);
IMPORT(kv_delete);
IMPORT(nn_run);
IMPORT(nn_real_fft);
IMPORT(nn_filter_bank);

#endif
