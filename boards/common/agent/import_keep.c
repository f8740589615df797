/* Imports of settings and of the key-value store. */
#include "import.h"

IMPORT(config)
{
    MODULE;
    struct span name;
    int32_t refusal;
    const enum trap trap = import_name(module, U32(arguments[0]), U32(arguments[1]), &name, &refusal);
    if (trap != TRAP_NONE)
        return trap;
    /* An error number could be mistaken for the setting. */
    int32_t value = I32(arguments[2]);
    if (refusal == ABI_OK)
        agent_setting(module->agent, name, &value);
    return import_answer(result, value);
}

/* The flash under a module's store failed: no error number of the ABI says so. */
static enum trap broken_store(struct module *module)
{
    char space[REASON_TEXT_BYTES];
    struct text text = text_in(space, sizeof space);
    text_add(&text, "a host function failed: the flash can't be read or written");
    return import_fault(module, TRAP_HOST, "TRAP_HOST", &text);
}

IMPORT(kv_get)
{
    MODULE;
    struct span name;
    struct span value;
    int32_t refusal;
    const enum trap trap = import_name(module, U32(arguments[0]), U32(arguments[1]), &name, &refusal);
    if (trap != TRAP_NONE)
        return trap;
    if (refusal != ABI_OK)
        return import_answer(result, refusal);
    if (!kv_get(&module->agent->storage.module, name.bytes, name.count, &value))
        return import_answer(result, ABI_NOT_FOUND);
    return import_copy_out(module, value, U32(arguments[2]), U32(arguments[3]), result);
}

IMPORT(kv_set)
{
    MODULE;
    struct span name;
    struct span value;
    int32_t refusal;
    enum trap trap = import_name(module, U32(arguments[0]), U32(arguments[1]), &name, &refusal);
    if (trap != TRAP_NONE)
        return trap;
    if (refusal != ABI_OK)
        return import_answer(result, refusal);
    trap = import_bounded(module, U32(arguments[2]), U32(arguments[3]), ABI_MAX_VALUE, &value, &refusal);
    if (trap != TRAP_NONE)
        return trap;
    if (refusal != ABI_OK)
        return import_answer(result, refusal);
    if (!import_spend(module, SPEND_WRITES))
        return import_answer(result, ABI_FULL);
    switch (kv_set(&module->agent->storage.module, name.bytes, name.count, value.bytes, value.count)) {
    case KV_OK:
        return import_answer(result, ABI_OK);
    case KV_FULL:
        return import_answer(result, ABI_FULL);
    default:
        return broken_store(module);
    }
}

IMPORT(kv_delete)
{
    MODULE;
    struct span name;
    int32_t refusal;
    const enum trap trap = import_name(module, U32(arguments[0]), U32(arguments[1]), &name, &refusal);
    if (trap != TRAP_NONE)
        return trap;
    if (refusal != ABI_OK)
        return import_answer(result, refusal);
    if (!import_spend(module, SPEND_WRITES))
        return import_answer(result, ABI_FULL);
    switch (kv_delete(&module->agent->storage.module, name.bytes, name.count)) {
    case KV_OK:
        return import_answer(result, ABI_OK);
    case KV_NOT_FOUND:
        return import_answer(result, ABI_NOT_FOUND);
    default:
        return broken_store(module);
    }
}
