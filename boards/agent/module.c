/* Loads, calls and unloads a module. */
#include "module.h"

#include <string.h>

#include "base/abi.h"
#include "base/text.h"
#include "cbor/cbor.h"
#include "runtime/exports.h"
#include "runtime/heap.h"

const struct declared *declared_at(const struct declarations *list, uint32_t index)
{
    const struct declared *at = list->first;
    while (at != NULL && index-- > 0)
        at = at->next;
    return at;
}

int32_t declared_find(const struct declarations *list, struct span name)
{
    int32_t index = 0;
    for (const struct declared *at = list->first; at != NULL; at = at->next, index++)
        if (spans_equal((struct span){at->text, at->name_bytes}, name))
            return index;
    return -1;
}

struct declared *declared_add(struct declarations *list, struct span name, struct span unit, int8_t exponent)
{
    struct declared *added = heap_take(sizeof *added + name.count + unit.count);
    if (added == NULL)
        return NULL;
    *added = (struct declared){
        .exponent = exponent, .name_bytes = (uint8_t)name.count, .unit_bytes = (uint8_t)unit.count};
    memcpy(added->text, name.bytes, name.count);
    if (unit.count > 0)
        memcpy(added->text + name.count, unit.bytes, unit.count);
    if (list->last == NULL)
        list->first = added;
    else
        list->last->next = added;
    list->last = added;
    list->count++;
    return added;
}

static void declared_clear(struct declarations *list)
{
    for (struct declared *at = list->first; at != NULL;) {
        struct declared *next = at->next;
        heap_give(at);
        at = next;
    }
    *list = (struct declarations){0};
}

static bool find_exports(struct module *module, struct reason *why)
{
    const struct {
        const char *name;
        const char *signature;
        int32_t *function;
    } exports[] = {
        {"init", "i()", &module->init},
        {"step", "I(I)", &module->step},
        {"on_message", "v(ii)", &module->on_message},
        {"health", "i()", &module->health},
    };
    for (size_t i = 0; i < sizeof exports / sizeof exports[0]; i++) {
        *exports[i].function = instance_find(module->instance, exports[i].name, exports[i].signature);
        if (*exports[i].function >= 0)
            continue;
        reason_set(why, "MODULE_EXPORT", "The module exports no ");
        reason_add(why, exports[i].name);
        reason_add(why, "; build it with 'mote build'.");
        return false;
    }
    return true;
}

static bool check_memory(const struct package *package, uint32_t max, struct reason *why)
{
    if (package->metadata.memory_bytes <= max)
        return true;
    reason_set(why, "MODULE_MEMORY", "The module needs ");
    reason_add_number(why, package->metadata.memory_bytes);
    reason_add(why, " bytes of memory and this node gives ");
    reason_add_number(why, max);
    reason_add(why, "; use a smaller model.");
    return false;
}

bool module_load(struct module *module, const struct module_host *host, int slot, struct reason *why, bool *no_room)
{
    *module = (struct module){.agent = host->agent, .slot = slot};
    *no_room = false;
    struct span bytes;
    if (!slots_read(host->slots, slot, &bytes, why))
        return false;
    if (!package_open(bytes, host->identity->keys, host->identity->key_count, &module->package, why))
        return false;
    if (!check_memory(&module->package, host->memory_bytes, why))
        return false;
    const struct package *package = &module->package;
    const struct instance_options options = {
        .wasm = package->wasm.bytes,
        .wasm_bytes = package->wasm.count,
        .rom = package->rom.bytes,
        .rom_bytes = package->rom.count,
        .imports = host->imports,
        .import_count = host->import_count,
        .platform = &host->platform,
        .memory_bytes = package->metadata.memory_bytes,
        .stack_bytes = host->stack_bytes,
        .fuel = (int64_t)package->metadata.fuel,
        .deadline_us = NODE_DEADLINE_US,
        .lazy = true,
    };
    const char *text;
    module->instance = instance_load(&options, &text);
    if (module->instance == NULL) {
        *no_room = strstr(text, "allocation failed") != NULL;
        reason_set(why, "WASM_LOAD", "wasm3 could not load the module: ");
        reason_add(why, text);
        return false;
    }
    if (find_exports(module, why))
        return true;
    module_unload(module);
    return false;
}

void module_unload(struct module *module)
{
    instance_free(module->instance);
    module->instance = NULL;
    declared_clear(&module->metrics);
    declared_clear(&module->commands);
}

/* Describes a trap by the code and the sentence of an engine in TypeScript. */
static void describe(struct module *module, enum trap trap, const char *during, struct reason *why)
{
    if (module->has_fault) {
        *why = module->fault;
        return;
    }
    char code[REASON_CODE_BYTES];
    size_t length = 0;
    for (const char *at = "TRAP_"; *at != '\0'; at++)
        code[length++] = *at;
    for (const char *at = trap_name(trap); *at != '\0'; at++)
        code[length++] = (char)(*at - 'a' + 'A');
    code[length] = '\0';
    char bytes[REASON_TEXT_BYTES];
    struct text text = text_in(bytes, sizeof bytes);
    if (trap == TRAP_FUEL) {
        text_add(&text, during);
        text_add(&text, " spent more than its ");
        text_add_unsigned(&text, module->package.metadata.fuel);
        text_add(&text, " units of fuel");
    } else {
        text_add(&text, "the module trapped: ");
        text_add(&text, instance_reason(module->instance));
    }
    text_reason(why, code, &text);
}

static bool call(struct module *module, int32_t function, const char *during, uint64_t *values, struct reason *why)
{
    module->has_fault = false;
    const enum trap trap = instance_call(module->instance, module, (uint32_t)function, values);
    module->phase = PHASE_IDLE;
    if (trap == TRAP_NONE)
        return true;
    describe(module, trap, during, why);
    return false;
}

static void begin(struct module *module, enum phase phase)
{
    module->phase = phase;
    module->stored_us = 0;
    memset(module->spent, 0, sizeof module->spent);
}

bool module_init(struct module *module, struct reason *why)
{
    uint64_t values[1] = {0};
    begin(module, PHASE_INIT);
    if (!call(module, module->init, "init", values, why))
        return false;
    const int32_t result = (int32_t)instance_u32(values[0]);
    if (result >= ABI_OK)
        return true;
    char bytes[REASON_TEXT_BYTES];
    struct text text = text_in(bytes, sizeof bytes);
    text_add(&text, "init returned ");
    text_add_number(&text, result);
    text_add(&text, ": the module doesn't find what it needs on this node.");
    text_reason(why, "MODULE_INIT", &text);
    return false;
}

bool module_step(struct module *module, uint64_t now_us, uint64_t *next_us, struct reason *why)
{
    uint64_t values[1] = {now_us};
    begin(module, PHASE_STEP);
    if (!call(module, module->step, "step", values, why))
        return false;
    const int64_t next = (int64_t)values[0];
    const int64_t min = (int64_t)now_us + NODE_MIN_STEP_US;
    /* A time that JavaScript can not represent exactly, after about 285 years, means never. */
    *next_us = next > CBOR_SAFE ? UINT64_MAX : (uint64_t)(next > min ? next : min);
    return true;
}

bool module_message(struct module *module, int32_t id, struct span body, struct reason *why)
{
    uint64_t values[2] = {0};
    instance_put_u32(&values[0], (uint32_t)id);
    instance_put_u32(&values[1], body.count);
    begin(module, PHASE_MESSAGE);
    module->message = body;
    const bool done = call(module, module->on_message, "on_message", values, why);
    module->message = (struct span){0};
    return done;
}

bool module_health(struct module *module, int32_t *answer, struct reason *why)
{
    uint64_t values[1] = {0};
    /* What it publishes or writes counts with the preceding step. */
    module->phase = PHASE_STEP;
    if (!call(module, module->health, "health", values, why))
        return false;
    *answer = (int32_t)instance_u32(values[0]);
    return true;
}
