/* Decides whether a package may run. The TypeScript twin is host/device/node/verify.ts. */
#include "verify.h"

#include "base/abi.h"
#include "runtime/exports.h"
#include "state.h"

/* Checks that the exports exist. Their types, and the rest of the module, are checked when it is loaded. */
static bool check_exports(struct span wasm, uint32_t *memory_bytes, struct reason *why)
{
    static const struct {
        const char *name;
        uint32_t phrase;
    } functions[] = {
        {"init", MISSING_EXPORT_INIT},
        {"step", MISSING_EXPORT_STEP},
        {"on_message", MISSING_EXPORT_ON_MESSAGE},
        {"health", MISSING_EXPORT_HEALTH},
    };
    uint32_t value;
    uint32_t missing = MISSING_EXPORTS;
    if (!export_constant(wasm.bytes, wasm.count, ABI_GLOBAL_ABI_VERSION, &value))
        missing = MISSING_EXPORT_ABI_VERSION;
    else if (!export_constant(wasm.bytes, wasm.count, ABI_GLOBAL_MEMORY_BYTES, memory_bytes))
        missing = MISSING_EXPORT_MEMORY_BYTES;
    for (size_t i = 0; missing == MISSING_EXPORTS && i < sizeof functions / sizeof functions[0]; i++)
        if (export_find(wasm.bytes, wasm.count, EXPORT_FUNCTION, functions[i].name) < 0)
            missing = functions[i].phrase;
    return missing == MISSING_EXPORTS || refuse_numbers(why, REASON_WASM_EXPORT, &missing, 1);
}

static bool check_module(const struct package *package, struct reason *why)
{
    uint32_t memory_bytes;
    if (!check_exports(package->wasm, &memory_bytes, why))
        return false;
    if (memory_bytes == package->metadata.memory_bytes)
        return true;
    return refuse(why, REASON_METADATA_MEMORY);
}

static bool check_sensors(const struct agent *agent, struct metadata_list sensors, struct reason *why)
{
    struct span name;
    while (metadata_next_name(&sensors, &name))
        if (sensor_find(agent->sensors, agent->sensor_count, name) < 0) {
            refuse(why, REASON_NODE_SENSOR);
            reason_text(why, name);
            return false;
        }
    return true;
}

bool verify_head(void *context, struct span chunk, const struct slots_offer *offer, struct reason *why)
{
    const struct identity *identity = &((const struct agent *)context)->identity;
    return package_verify_head(chunk, offer->sequence, offer->total, identity->keys, identity->key_count, why);
}

bool verify_package(void *context, struct span bytes, uint32_t sequence, struct reason *why)
{
    struct agent *agent = context;
    struct package package;
    if (!package_open(bytes, agent->identity.keys, agent->identity.key_count, &package, why))
        return false;
    if (package.sequence != sequence)
        return refuse_numbers(why, REASON_PKG_OFFERED, (const uint32_t[]){package.sequence, sequence}, 2);
    const struct package_limits limits = {
        .abi = ABI_VERSION,
        .memory_bytes = agent->host.memory_bytes,
        .sequence = agent->storage.slots.state.highest,
        .product = agent->identity.product,
        .node = agent->identity.id,
        .group = agent->identity.group,
    };
    return package_check(&package, &limits, why) && check_sensors(agent, package.metadata.sensors, why) &&
           check_module(&package, why);
}
