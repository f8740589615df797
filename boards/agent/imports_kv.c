/* Imports for settings and the key-value store. The TypeScript twin is host/device/node/host-imports.ts. */
#include "imports_kv.h"

#include "platform/hal.h"
#include "settings.h"
#include "state.h"

IMPORT(config)
{
    MODULE;
    struct span name;
    enum trap end;
    int32_t value = I32(arguments[2]);
    /* An error number could be confused with the value of the setting. */
    if (import_takes_name(module, arguments, &name, result, &end))
        settings_get(&module->agent->storage, name, &value);
    else if (end != TRAP_NONE)
        return end;
    return import_answer(result, value);
}

/* The flash of a module's store failed. The ABI has no error number for that. */
static enum trap broken_store(struct module *module)
{
    static const struct reason reason = {.number = REASON_BROKEN_STORE};
    return import_fault(module, TRAP_HOST, &reason);
}

/* Erasing a page stops the chip for longer than a step may last. This time is not the module's. */
static enum trap stored(struct module *module, enum kv_result done, uint64_t start_us, uint64_t *result)
{
    const uint64_t took_us = hal_work_us() - start_us;
    module->stored_us += took_us;
    instance_extend(module->instance, took_us);
    switch (done) {
    case KV_OK:
        return import_answer(result, ABI_OK);
    case KV_NOT_FOUND:
        return import_answer(result, ABI_NOT_FOUND);
    case KV_FULL:
        return import_answer(result, ABI_FULL);
    default:
        return broken_store(module);
    }
}

IMPORT(kv_get)
{
    MODULE;
    struct span name;
    struct span value;
    enum trap end;
    if (!import_takes_name(module, arguments, &name, result, &end))
        return end;
    if (!kv_get(&module->agent->storage.module, name.bytes, name.count, &value))
        return import_answer(result, ABI_NOT_FOUND);
    return import_copy_out(module, value, U32(arguments[2]), U32(arguments[3]), result);
}

IMPORT(kv_set)
{
    MODULE;
    struct span name;
    struct span value;
    enum trap end;
    if (!import_takes_name(module, arguments, &name, result, &end) ||
        !import_takes(module, arguments + 2, ABI_MAX_VALUE, &value, result, &end))
        return end;
    if (!import_spend(module, SPEND_WRITES))
        return import_answer(result, ABI_FULL);
    const uint64_t start_us = hal_work_us();
    struct kv *store = &module->agent->storage.module;
    return stored(module, kv_set(store, name.bytes, name.count, value.bytes, value.count), start_us, result);
}

IMPORT(kv_delete)
{
    MODULE;
    struct span name;
    enum trap end;
    if (!import_takes_name(module, arguments, &name, result, &end))
        return end;
    if (!import_spend(module, SPEND_WRITES))
        return import_answer(result, ABI_FULL);
    const uint64_t start_us = hal_work_us();
    return stored(module, kv_delete(&module->agent->storage.module, name.bytes, name.count), start_us, result);
}
