/* Decides whether a package may run. The TypeScript twin is host/device/node/verify.ts. */
#include "verify.h"

#include "base/abi.h"
#include "runtime/exports.h"
#include "state.h"

static bool refuse(struct reason *why, const char *code, const char *before, struct span name, const char *after)
{
    char space[REASON_TEXT_BYTES];
    struct text text = text_in(space, sizeof space);
    text_add(&text, before);
    text_add_bytes(&text, (const char *)name.bytes, name.count);
    text_add(&text, after);
    text_reason(why, code, &text);
    return false;
}

/* Checks that the exports exist. Their types, and the rest of the module, are checked when it is loaded. */
static bool check_exports(struct span wasm, uint32_t *memory_bytes, struct reason *why)
{
    static const char after[] = ", which a node needs: build it with mote build";
    static const char *const functions[][2] = {
        {"init", "the function init() -> i32"},
        {"step", "the function step(i64) -> i64"},
        {"on_message", "the function on_message(i32, i32)"},
        {"health", "the function health() -> i32"},
    };
    uint32_t value;
    const char *missing = NULL;
    if (!export_constant(wasm.bytes, wasm.count, ABI_GLOBAL_ABI_VERSION, &value))
        missing = "the global abi_version";
    else if (!export_constant(wasm.bytes, wasm.count, ABI_GLOBAL_MEMORY_BYTES, memory_bytes))
        missing = "the global memory_bytes";
    for (size_t i = 0; missing == NULL && i < sizeof functions / sizeof functions[0]; i++)
        if (export_find(wasm.bytes, wasm.count, EXPORT_FUNCTION, functions[i][0]) < 0)
            missing = functions[i][1];
    if (missing == NULL)
        return true;
    return refuse(why, "WASM_EXPORT", "module doesn't export ", text_of(missing), after);
}

static bool check_module(const struct package *package, struct reason *why)
{
    uint32_t memory_bytes;
    if (!check_exports(package->wasm, &memory_bytes, why))
        return false;
    if (memory_bytes == package->metadata.memory_bytes)
        return true;
    reason_set(why, "PKG_METADATA",
               "The package's metadata can't be used: the memory isn't what its module says. "
               "Build the package again with this version.");
    return false;
}

static bool check_sensors(const struct agent *agent, struct metadata_list sensors, struct reason *why)
{
    struct span name;
    while (metadata_next_name(&sensors, &name))
        if (sensor_find(agent->sensors, agent->sensor_count, name) < 0)
            return refuse(why, "NODE_SENSOR", "The module needs the sensor '", name,
                          "', which this node doesn't have.");
    return true;
}

bool verify_package(void *context, struct span bytes, uint32_t sequence, struct reason *why)
{
    struct agent *agent = context;
    struct package package;
    if (!package_open(bytes, agent->identity.keys, agent->identity.key_count, &package, why))
        return false;
    if (package.sequence != sequence) {
        reason_set(why, "PKG_SEQUENCE", "The package has sequence ");
        reason_add_number(why, package.sequence);
        reason_add(why, ", it was offered as ");
        reason_add_number(why, sequence);
        reason_add(why, ".");
        return false;
    }
    const struct package_limits limits = {
        .abi = ABI_VERSION, .memory_bytes = agent->host.memory_bytes, .sequence = agent->storage.slots.state.highest};
    return package_check(&package, &limits, why) && check_sensors(agent, package.metadata.sensors, why) &&
           check_module(&package, why);
}
