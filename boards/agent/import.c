/* Checks of arguments, and the ends of imports. */
#include "import.h"

#include <string.h>

enum trap import_answer(uint64_t *result, int32_t number)
{
    instance_put_u32(result, (uint32_t)number);
    return TRAP_NONE;
}

enum trap import_fault(struct module *module, enum trap trap, const struct reason *reason)
{
    module->has_fault = true;
    module->fault = *reason;
    return trap;
}

enum trap import_bytes(struct module *module, uint32_t at, uint32_t count, uint8_t **bytes)
{
    *bytes = instance_bytes(module->instance, at, count);
    if (*bytes != NULL)
        return TRAP_NONE;
    uint32_t size;
    instance_memory(module->instance, &size);
    struct reason reason;
    refuse(&reason, REASON_OUTSIDE_MEMORY);
    reason_add(&reason, at);
    reason_add(&reason, (int64_t)at + count);
    reason_add(&reason, size);
    return import_fault(module, TRAP_MEMORY, &reason);
}

bool import_takes(struct module *module, const uint64_t *arguments, uint32_t max, struct span *span, uint64_t *result,
                  enum trap *end)
{
    const uint32_t count = U32(arguments[1]);
    uint8_t *bytes;
    if (count > max) {
        *end = import_answer(result, ABI_TOO_LARGE);
        return false;
    }
    *end = import_bytes(module, U32(arguments[0]), count, &bytes);
    *span = (struct span){bytes, count};
    return *end == TRAP_NONE;
}

bool import_takes_name(struct module *module, const uint64_t *arguments, struct span *name, uint64_t *result,
                       enum trap *end)
{
    if (!import_takes(module, arguments, ABI_MAX_NAME, name, result, end))
        return false;
    if (text_is_name(name->bytes, name->count))
        return true;
    *end = import_answer(result, ABI_INVALID);
    return false;
}

enum trap import_copy_out(struct module *module, struct span from, uint32_t dst, uint32_t dst_bytes, uint64_t *result)
{
    if (from.count > dst_bytes)
        return import_answer(result, ABI_TOO_LARGE);
    uint8_t *out;
    const enum trap trap = import_bytes(module, dst, from.count, &out);
    if (trap != TRAP_NONE)
        return trap;
    if (from.count > 0)
        memcpy(out, from.bytes, from.count);
    return import_answer(result, (int32_t)from.count);
}

bool import_spend(struct module *module, enum spending what)
{
    static const uint8_t max[SPENDINGS] = {
        [SPEND_PUBLISHES] = NODE_CALL_PUBLISHES,
        [SPEND_EVENTS] = NODE_CALL_EVENTS,
        [SPEND_LOGS] = NODE_CALL_LOGS,
        [SPEND_WRITES] = NODE_CALL_WRITES,
    };
    if (module->spent[what] >= max[what])
        return false;
    module->spent[what]++;
    return true;
}
