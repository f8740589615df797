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
        return refuse_numbers(why, REASON_MODULE_EXPORT, (const uint32_t[]){(uint32_t)i}, 1);
    }
    return true;
}

static bool check_memory(const struct package *package, uint32_t max, struct reason *why)
{
    return package->metadata.memory_bytes <= max ||
           refuse_numbers(why, REASON_MODULE_MEMORY, (const uint32_t[]){package->metadata.memory_bytes, max}, 2);
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
        refuse(why, REASON_WASM_LOAD);
        reason_text(why, text_of(text));
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

_Static_assert((int)REASON_TRAP_OTHER - REASON_TRAP_MEMORY == TRAP_OTHER - TRAP_MEMORY, "a sentence for each trap");

/* Describes a trap by the sentence of an engine in TypeScript. */
static void describe(const struct module *module, enum trap trap, enum module_function function, struct reason *why)
{
    if (module->has_fault) {
        *why = module->fault;
        return;
    }
    refuse(why, (enum reason_number)(REASON_TRAP_MEMORY + (uint32_t)(trap - TRAP_MEMORY)));
    if (trap != TRAP_FUEL) {
        reason_text(why, text_of(instance_reason(module->instance)));
        return;
    }
    char digits[20];
    struct text text = text_in(digits, sizeof digits);
    text_add_unsigned(&text, module->package.metadata.fuel);
    reason_add(why, function);
    reason_text(why, text_span(&text));
}

static bool call(struct module *module, int32_t function, enum module_function name, uint64_t *values,
                 struct reason *why)
{
    module->has_fault = false;
    const enum trap trap = instance_call(module->instance, module, (uint32_t)function, values);
    module->phase = PHASE_IDLE;
    if (trap == TRAP_NONE)
        return true;
    describe(module, trap, name, why);
    /* The place is one number more than those of the sentence. */
    const uint32_t place = instance_place(module->instance, 0);
    if (place != 0 && why->count < REASON_NUMBERS)
        reason_add(why, place);
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
    if (!call(module, module->init, MODULE_FUNCTION_INIT, values, why))
        return false;
    const int32_t result = (int32_t)instance_u32(values[0]);
    if (result >= ABI_OK)
        return true;
    refuse(why, REASON_MODULE_INIT);
    reason_add(why, result);
    return false;
}

/* A module that was held up catches up: each time that it returns is closer to the clock than the one before. */
static bool count_early(struct module *module, uint64_t now_us, uint64_t wanted_us, struct reason *why)
{
    const uint64_t soonest_us = now_us + NODE_MIN_STEP_US;
    const uint64_t us = wanted_us < soonest_us ? soonest_us - wanted_us : 0;
    if (us == 0)
        module->early_steps = 0;
    else
        module->early_steps = us < module->early_us ? 1 : module->early_steps + 1;
    module->early_us = us;
    if (module->early_steps < NODE_MAX_EARLY_STEPS)
        return true;
    refuse(why, REASON_MODULE_STEP);
    reason_add(why, (int64_t)wanted_us);
    reason_add(why, (int64_t)now_us);
    reason_add(why, module->early_steps);
    return false;
}

bool module_step(struct module *module, uint64_t now_us, uint64_t *next_us, struct reason *why)
{
    uint64_t values[1] = {now_us};
    begin(module, PHASE_STEP);
    if (!call(module, module->step, MODULE_FUNCTION_STEP, values, why))
        return false;
    const int64_t next = (int64_t)values[0];
    /* A time that JavaScript can not represent exactly, after about 285 years, means never. */
    *next_us = UINT64_MAX;
    if (next > CBOR_SAFE)
        return true;
    const uint64_t wanted_us = next > 0 ? (uint64_t)next : 0;
    const uint64_t soonest_us = now_us + NODE_MIN_STEP_US;
    *next_us = wanted_us > soonest_us ? wanted_us : soonest_us;
    return count_early(module, now_us, wanted_us, why);
}

bool module_message(struct module *module, int32_t id, struct span body, struct reason *why)
{
    uint64_t values[2] = {0};
    instance_put_u32(&values[0], (uint32_t)id);
    instance_put_u32(&values[1], body.count);
    begin(module, PHASE_MESSAGE);
    module->message = body;
    const bool done = call(module, module->on_message, MODULE_FUNCTION_ON_MESSAGE, values, why);
    module->message = (struct span){0};
    return done;
}

bool module_health(struct module *module, int32_t *answer, struct reason *why)
{
    uint64_t values[1] = {0};
    /* What it publishes or writes counts with the preceding step. */
    module->phase = PHASE_STEP;
    if (!call(module, module->health, MODULE_FUNCTION_HEALTH, values, why))
        return false;
    *answer = (int32_t)instance_u32(values[0]);
    return true;
}
