#include "instance.h"

#include "exports.h"
#include "guard.h"
#include "interpreter.h"

/* Size of a runtime in interpreter.c. */
m3ret_t mote_run(IM3Function function);
uint32_t mote_locate(IM3Function function, const void *pc);

/*
 * wasm3 writes the arguments of a call before the callee checks for room. So much room lies behind its limit: a result
 * and INSTANCE_MAX_PARAMS parameters.
 */
#define STACK_RESERVE_BYTES ((INSTANCE_MAX_PARAMS + 1) * 8)

/* Results of rom_read, as in abi/abi.json. */
#define ROM_OK 0
#define ROM_INVALID (-4)

/* What implements an import of the module. */
struct link {
    struct instance *instance;
    const struct instance_import *import;
    /* The instance itself implements it. */
    bool own;
    bool result;
};

struct instance {
    struct guard guard; /* the runtime's user data */
    IM3Environment environment;
    IM3Runtime runtime;
    IM3Module module; /* owned by the runtime once it is loaded */
    struct link *links;
    const uint8_t *wasm;
    uint32_t wasm_bytes;
    const uint8_t *rom;
    uint32_t rom_bytes;
    M3Global *fuel_global;
    int64_t fuel;
    int64_t deadline_us;
    void *context; /* of the running call */
    IM3Function called;
    enum trap host_trap;
    const char *reason;
};

_Static_assert(sizeof(m3slot_t) == 4 || sizeof(m3slot_t) == 8, "slots hold 32 or 64 bits");

static const char host_stopped[] = "[trap] a host function failed";
static const char fuel_spent[] = "[trap] out of fuel";

static const void *call_host(IM3Runtime runtime, IM3ImportContext context, uint64_t *values, void *memory)
{
    const struct link *link = context->userdata;
    struct instance *instance = link->instance;
    (void)runtime;
    (void)memory;
    instance->host_trap = link->import->call(link->import, link->own ? instance : instance->context,
                                            link->result ? values + 1 : values, values);
    /* A row of calls of host functions does not pass any other check of the clock. */
    if (instance->host_trap == TRAP_NONE)
        return guard_check(&instance->guard);
    return instance->host_trap == TRAP_MEMORY ? m3Err_trapOutOfBoundsMemoryAccess : host_stopped;
}

static enum trap rom_size(const struct instance_import *import, void *context, const uint64_t *arguments, uint64_t *result)
{
    const struct instance *instance = context;
    (void)import;
    (void)arguments;
    instance_put_u32(result, instance->rom_bytes);
    return TRAP_NONE;
}

static enum trap rom_read(const struct instance_import *import, void *context, const uint64_t *arguments, uint64_t *result)
{
    const struct instance *instance = context;
    const uint32_t from = instance_u32(arguments[0]);
    const uint32_t to = instance_u32(arguments[1]);
    const uint32_t count = instance_u32(arguments[2]);
    (void)import;
    if (from > instance->rom_bytes || count > instance->rom_bytes - from) {
        instance_put_u32(result, (uint32_t)ROM_INVALID);
        return TRAP_NONE;
    }
    uint8_t *bytes = instance_bytes(instance, to, count);
    if (bytes == NULL)
        return TRAP_MEMORY;
    if (count > 0)
        memcpy(bytes, instance->rom + from, count);
    instance_put_u32(result, ROM_OK);
    return TRAP_NONE;
}

static enum trap no_kernel(const struct instance_import *import, void *context, const uint64_t *arguments, uint64_t *result)
{
    (void)import;
    (void)context;
    (void)arguments;
    instance_put_u32(result, 0);
    return TRAP_NONE;
}

static const struct instance_import own_imports[] = {
    {"rom_size", "i()", rom_size},
    {"rom_read", "i(iii)", rom_read},
    {"nn_run", "i(iii)", no_kernel},
    {"nn_real_fft", "i(iiii)", no_kernel},
    {"nn_filter_bank", "i(iiiiii)", no_kernel},
};

static const struct instance_import *find_import(const struct instance_import *imports, size_t count, const char *name,
                                                const char *signature)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(imports[i].name, name) == 0 && strcmp(imports[i].signature, signature) == 0)
            return &imports[i];
    return NULL;
}

static const char *link_import(struct instance *instance, const struct instance_options *options, uint32_t index)
{
    IM3Function function = &instance->module->functions[index];
    struct link *link = &instance->links[index];
    char signature[INSTANCE_SIGNATURE_BYTES];
    const char *name = function->import.fieldUtf8;
    if (!instance_signature(instance, index, signature) || name == NULL || function->import.moduleUtf8 == NULL)
        return "an import has too many parameters, or no name";
    if (strcmp(function->import.moduleUtf8, "mote") != 0)
        return "an import of another module";
    link->instance = instance;
    link->result = signature[0] != 'v';
    link->import = find_import(options->imports, options->import_count, name, signature);
    if (link->import == NULL) {
        link->import = find_import(own_imports, sizeof own_imports / sizeof own_imports[0], name, signature);
        link->own = true;
    }
    if (link->import == NULL)
        return "an import that this host doesn't give";
    const M3RawCall call = call_host;
    const char *error = CompileRawFunction(instance->module, function, *(const void *const *)&call, link);
    /* The name was needed only to find the import. */
    FreeImportInfo(&function->import);
    function->numNames = 0;
    return error;
}

static const char *find_fuel(struct instance *instance)
{
    const int32_t index = export_find(instance->wasm, instance->wasm_bytes, EXPORT_GLOBAL, "fuel");
    if (index < 0)
        return NULL;
    if ((uint32_t)index >= instance->module->numGlobals)
        return "the fuel global is missing";
    M3Global *global = &instance->module->globals[index];
    if (global->type != c_m3Type_i64 || !global->isMutable)
        return "fuel isn't a mutable i64";
    instance->fuel_global = global;
    return NULL;
}

static const char *parse(struct instance *instance, const struct instance_options *options)
{
    instance->environment = m3_NewEnvironment();
    if (instance->environment == NULL)
        return m3Err_mallocFailed;
    instance->runtime = m3_NewRuntime(instance->environment, options->stack_bytes + STACK_RESERVE_BYTES, &instance->guard);
    if (instance->runtime == NULL)
        return m3Err_mallocFailed;
    instance->runtime->numStackSlots = options->stack_bytes / (uint32_t)sizeof(m3slot_t);
    instance->runtime->memoryLimit = options->memory_bytes;

    M3Result result = m3_ParseModule(instance->environment, &instance->module, options->wasm, options->wasm_bytes);
    if (result != m3Err_none) {
        instance->module = NULL;
        return result;
    }
    result = m3_LoadModule(instance->runtime, instance->module);
    if (result != m3Err_none) {
        m3_FreeModule(instance->module);
        instance->module = NULL;
        return result;
    }
    if (instance->module->startFunction >= 0)
        return "start functions are refused";
    /* wasm3 takes a limit of 0 for no limit. */
    M3MemoryHeader *memory = instance->runtime->memory.mallocated;
    if (memory->length > options->memory_bytes)
        memory->length = options->memory_bytes;
    return NULL;
}

static const char *load(struct instance *instance, const struct instance_options *options)
{
    guard_begin(&instance->guard, INT64_MAX);
    const char *error = parse(instance, options);
    if (error == NULL)
        error = find_fuel(instance);
    if (error != NULL)
        return error;
    const uint32_t count = instance->module->numFuncImports;
    instance->links = m3_AllocArray(struct link, count);
    if (instance->links == NULL)
        return m3Err_mallocFailed;
    for (uint32_t i = 0; i < count; i++) {
        error = link_import(instance, options, i);
        if (error != NULL)
            return error;
    }
    return options->lazy ? NULL : m3_CompileModule(instance->module);
}

struct instance *instance_load(const struct instance_options *options, const char **why)
{
    struct instance *instance = m3_AllocStruct(struct instance);
    *why = m3Err_mallocFailed;
    if (instance == NULL)
        return NULL;
    instance->guard.platform = options->platform;
    instance->wasm = options->wasm;
    instance->wasm_bytes = options->wasm_bytes;
    instance->rom = options->rom;
    instance->rom_bytes = options->rom_bytes;
    instance->fuel = options->fuel;
    instance->deadline_us = options->deadline_us;
    *why = load(instance, options);
    if (*why == NULL)
        return instance;
    instance_free(instance);
    return NULL;
}

void instance_free(struct instance *instance)
{
    if (instance == NULL)
        return;
    m3_FreeRuntime(instance->runtime);
    m3_FreeEnvironment(instance->environment);
    m3_Free(instance->links);
    m3_Free(instance);
}

static char letter(M3ValueType type)
{
    switch (type) {
    case c_m3Type_i32: return 'i';
    case c_m3Type_i64: return 'I';
    case c_m3Type_f32: return 'f';
    case c_m3Type_f64: return 'F';
    default: return 'v';
    }
}

bool instance_signature(const struct instance *instance, uint32_t function, char text[INSTANCE_SIGNATURE_BYTES])
{
    if (function >= instance->module->numFunctions)
        return false;
    const IM3Function found = &instance->module->functions[function];
    const uint32_t count = m3_GetArgCount(found);
    if (count > INSTANCE_MAX_PARAMS || m3_GetRetCount(found) > 1)
        return false;
    *text++ = letter(m3_GetRetType(found, 0));
    *text++ = '(';
    for (uint32_t i = 0; i < count; i++)
        *text++ = letter(m3_GetArgType(found, i));
    *text++ = ')';
    *text = '\0';
    return true;
}

int32_t instance_find(const struct instance *instance, const char *name, const char *signature)
{
    char found[INSTANCE_SIGNATURE_BYTES];
    const int32_t index = export_find(instance->wasm, instance->wasm_bytes, EXPORT_FUNCTION, name);
    if (index < 0 || !instance_signature(instance, (uint32_t)index, found) || strcmp(found, signature) != 0)
        return -1;
    return index;
}

/* Converts an error of wasm3 into a trap. */
static enum trap trap_of(const struct instance *instance, const char *text)
{
    const struct {
        const char *text;
        enum trap trap;
    } known[] = {
        {m3Err_none, TRAP_NONE},
        {host_stopped, instance->host_trap},
        {m3Err_trapOutOfBoundsMemoryAccess, TRAP_MEMORY},
        {m3Err_mallocFailed, TRAP_MEMORY},
        {m3Err_mallocFailedCodePage, TRAP_MEMORY},
        {m3Err_trapStackOverflow, TRAP_STACK},
        {guard_stack, TRAP_STACK},
        {guard_deadline, TRAP_DEADLINE},
        {fuel_spent, TRAP_FUEL},
        {m3Err_trapUnreachable, TRAP_UNREACHABLE},
        {m3Err_trapDivisionByZero, TRAP_DIVIDE},
        {m3Err_trapIntegerOverflow, TRAP_INTEGER},
        {m3Err_trapIntegerConversion, TRAP_INTEGER},
        {m3Err_trapIndirectCallTypeMismatch, TRAP_INDIRECT},
        {m3Err_trapTableIndexOutOfRange, TRAP_INDIRECT},
        {m3Err_trapTableElementIsNull, TRAP_INDIRECT},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (text == known[i].text)
            return known[i].trap;
    return TRAP_OTHER;
}

static const char *run(struct instance *instance, IM3Function function, uint64_t *values)
{
    const M3Result error = function->compiled == NULL ? CompileFunction(function) : m3Err_none;
    if (error != m3Err_none)
        return error;
    uint64_t *stack = instance->runtime->stack;
    const uint32_t results = m3_GetRetCount(function);
    memcpy(stack + results, values, m3_GetArgCount(function) * sizeof *values);
    const char *trap = mote_run(function);
    if (trap != NULL || results == 0)
        return trap;
    values[0] = 0;
    memcpy(values, stack, SizeOfType((uint8_t)m3_GetRetType(function, 0)));
    return NULL;
}

enum trap instance_call(struct instance *instance, void *context, uint32_t function, uint64_t *values)
{
    char signature[INSTANCE_SIGNATURE_BYTES];
    instance->reason = m3Err_functionLookupFailed;
    if (!instance_signature(instance, function, signature))
        return TRAP_OTHER;
    if (instance->fuel_global != NULL)
        instance->fuel_global->i64Value = instance->fuel;
    instance->context = context;
    instance->called = &instance->module->functions[function];
    guard_begin(&instance->guard, instance->deadline_us);
    instance->reason = run(instance, instance->called, values);
    instance->context = NULL;
    if (instance->reason == m3Err_trapUnreachable && instance_fuel_used(instance) > instance->fuel)
        instance->reason = fuel_spent;
    return trap_of(instance, instance->reason);
}

void instance_extend(struct instance *instance, uint64_t us)
{
    if (instance->guard.deadline_us < INT64_MAX - (int64_t)us)
        instance->guard.deadline_us += (int64_t)us;
}

const char *instance_reason(const struct instance *instance)
{
    return instance->reason != NULL ? instance->reason : "";
}

uint32_t instance_place(struct instance *instance, uint32_t depth)
{
    const struct guard *guard = &instance->guard;
    if (instance->called == NULL || instance->called->wasm == NULL)
        return 0;
    if (depth >= guard->depth || depth >= GUARD_FRAMES)
        return depth == 0 ? mote_locate(instance->called, NULL) : 0;
    const struct guard_frame *frame = &guard->frames[depth];
    return mote_locate(frame->function != NULL ? frame->function : instance->called, frame->pc);
}

char instance_global(const struct instance *instance, uint32_t global, uint64_t *value)
{
    if (global >= instance->module->numGlobals)
        return 0;
    const M3Global *found = &instance->module->globals[global];
    memcpy(value, &found->i64Value, sizeof *value); /* all members of the union begin there */
    return letter((M3ValueType)found->type);
}

int64_t instance_fuel_used(const struct instance *instance)
{
    return instance->fuel_global != NULL ? instance->fuel - instance->fuel_global->i64Value : 0;
}

uint8_t *instance_memory(const struct instance *instance, uint32_t *bytes)
{
    uint8_t *memory = m3_GetMemory(instance->runtime, bytes, 0);
    if (memory == NULL)
        *bytes = 0;
    return memory;
}

uint8_t *instance_bytes(const struct instance *instance, uint32_t at, uint32_t count)
{
    M3MemoryHeader *memory = instance->runtime->memory.mallocated;
    if (at > memory->length || count > memory->length - at)
        return NULL;
    return (uint8_t *)(memory + 1) + at;
}
