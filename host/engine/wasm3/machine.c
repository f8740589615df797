#include "machine.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "interpreter.h"

/* Frames of the interpreter are about 100 bytes; V8 wants some of the 1 MB that it gives JavaScript for host functions. */
#define NATIVE_STACK_BYTES ((uintptr_t)256 * 1024)

/*
 * wasm3 writes a call's arguments before the callee checks for room, so this much lies behind its limit: a result and
 * MACHINE_MAX_PARAMS parameters.
 */
#define STACK_RESERVE_BYTES ((MACHINE_MAX_PARAMS + 1) * 8)

struct import {
    struct machine *machine;
    uint32_t index;
    struct machine_signature signature;
};

struct machine {
    struct guard guard; /* the runtime's user data */
    IM3Environment environment;
    IM3Runtime runtime;
    IM3Module module; /* owned by the runtime once it is loaded */
    uint8_t *wasm;
    uint8_t *rom;
    uint32_t rom_bytes;
    struct import *imports;
    int32_t fuel_global;
    int64_t fuel;
    int64_t deadline_ns;
    machine_host host;
    void *context; /* of the running call */
};

_Static_assert(MACHINE_I32 == (int)c_m3Type_i32 && MACHINE_I64 == (int)c_m3Type_i64, "machine types are wasm3's");
_Static_assert(MACHINE_F32 == (int)c_m3Type_f32 && MACHINE_F64 == (int)c_m3Type_f64, "machine types are wasm3's");
_Static_assert(sizeof(m3slot_t) == 4 || sizeof(m3slot_t) == 8, "slots hold 32 or 64 bits");

/* rom_read and rom_size answer OK or INVALID, abi/abi.json. */
#define ABI_OK 0
#define ABI_INVALID (-4)

static const void *call_host(IM3Runtime runtime, IM3ImportContext context, uint64_t *values, void *memory)
{
    const struct import *import = context->userdata;
    struct machine *machine = import->machine;
    (void)runtime;
    (void)memory;
    const char *trap = machine->host(machine->context, import->index, &import->signature, values);
    guard_soon(&machine->guard);
    return trap;
}

static void put_i32(uint64_t *value, int32_t number)
{
    memcpy(value, &number, sizeof number);
}

static const void *call_rom_size(IM3Runtime runtime, IM3ImportContext context, uint64_t *values, void *memory)
{
    const struct import *import = context->userdata;
    (void)runtime;
    (void)memory;
    put_i32(values, (int32_t)import->machine->rom_bytes);
    return NULL;
}

static const void *call_rom_read(IM3Runtime runtime, IM3ImportContext context, uint64_t *values, void *memory)
{
    const struct machine *machine = ((const struct import *)context->userdata)->machine;
    const uint64_t from = (uint32_t)values[1];
    const uint64_t to = (uint32_t)values[2];
    const uint64_t count = (uint32_t)values[3];
    if (from + count > machine->rom_bytes) {
        put_i32(values, ABI_INVALID);
        return NULL;
    }
    if (to + count > m3_GetMemorySize(runtime))
        return m3Err_trapOutOfBoundsMemoryAccess;
    if (count > 0)
        memcpy((uint8_t *)memory + to, machine->rom + from, count);
    put_i32(values, ABI_OK);
    return NULL;
}

static const char *link_imports(struct machine *machine, const struct machine_options *options)
{
    static const M3RawCall calls[] = {call_host, call_rom_size, call_rom_read};
    IM3Module module = machine->module;
    if (module->numFuncImports != options->import_count)
        return "wrong number of imports";
    for (uint32_t i = 0; i < options->import_count; i++) {
        if (options->imports[i] >= sizeof calls / sizeof calls[0])
            return "unknown kind of import";
        struct import *import = &machine->imports[i];
        import->machine = machine;
        import->index = i;
        if (machine_signature(machine, i, &import->signature) != 0)
            return "an import has too many parameters";
        M3RawCall call = calls[options->imports[i]];
        const M3Result result =
            CompileRawFunction(module, &module->functions[i], *(const void **)&call, import);
        if (result != m3Err_none)
            return result;
    }
    return NULL;
}

static uint8_t *copy(const uint8_t *bytes, uint32_t count)
{
    uint8_t *result = malloc(count > 0 ? count : 1);
    if (result != NULL && count > 0)
        memcpy(result, bytes, count);
    return result;
}

static const char *load(struct machine *machine, const struct machine_options *options)
{
    machine->wasm = copy(options->wasm, options->wasm_bytes);
    machine->rom = copy(options->rom, options->rom_bytes);
    machine->imports = calloc((size_t)options->import_count + 1, sizeof *machine->imports);
    machine->environment = m3_NewEnvironment();
    if (!machine->wasm || !machine->rom || !machine->imports || !machine->environment)
        return m3Err_mallocFailed;

    machine->runtime = m3_NewRuntime(machine->environment, options->stack_bytes + STACK_RESERVE_BYTES, &machine->guard);
    if (!machine->runtime)
        return m3Err_mallocFailed;
    machine->runtime->numStackSlots = options->stack_bytes / (uint32_t)sizeof(m3slot_t);
    machine->runtime->memoryLimit = options->memory_bytes;

    M3Result result = m3_ParseModule(machine->environment, &machine->module, machine->wasm, options->wasm_bytes);
    if (result != m3Err_none) {
        machine->module = NULL;
        return result;
    }
    result = m3_LoadModule(machine->runtime, machine->module);
    if (result != m3Err_none) {
        m3_FreeModule(machine->module);
        machine->module = NULL;
        return result;
    }
    if (machine->module->startFunction >= 0)
        return "start functions are refused";
    if (machine->fuel_global >= 0 && (uint32_t)machine->fuel_global >= machine->module->numGlobals)
        return "the fuel global is missing";
    /* wasm3 takes a limit of 0 for none. */
    M3MemoryHeader *memory = machine->runtime->memory.mallocated;
    if (memory->length > options->memory_bytes)
        memory->length = options->memory_bytes;
    const char *error = link_imports(machine, options);
    return error != NULL ? error : m3_CompileModule(machine->module);
}

struct machine *machine_load(const struct machine_options *options, char *error, size_t error_bytes)
{
    struct machine *machine = calloc(1, sizeof *machine);
    const char *reason = m3Err_mallocFailed;
    if (machine != NULL) {
        machine->rom_bytes = options->rom_bytes;
        machine->fuel_global = options->fuel_global;
        machine->fuel = options->fuel;
        machine->deadline_ns = options->deadline_ns;
        machine->host = options->host;
        reason = load(machine, options);
        if (reason == NULL)
            return machine;
    }
    M3ErrorInfo info = {0};
    if (machine != NULL && machine->runtime != NULL)
        m3_GetErrorInfo(machine->runtime, &info);
    const bool more = info.message != NULL && info.message[0] != '\0';
    snprintf(error, error_bytes, "%s%s%s", reason, more ? ": " : "", more ? info.message : "");
    machine_free(machine);
    return NULL;
}

void machine_free(struct machine *machine)
{
    if (machine == NULL)
        return;
    m3_FreeRuntime(machine->runtime);
    m3_FreeEnvironment(machine->environment);
    free(machine->imports);
    free(machine->rom);
    free(machine->wasm);
    free(machine);
}

int machine_signature(const struct machine *machine, uint32_t function, struct machine_signature *signature)
{
    if (function >= machine->module->numFunctions)
        return -1;
    IM3Function found = &machine->module->functions[function];
    const uint32_t count = m3_GetArgCount(found);
    if (count > MACHINE_MAX_PARAMS || m3_GetRetCount(found) > 1)
        return -1;
    signature->result = (uint8_t)m3_GetRetType(found, 0);
    signature->count = (uint8_t)count;
    for (uint32_t i = 0; i < count; i++)
        signature->params[i] = (uint8_t)m3_GetArgType(found, i);
    return 0;
}

const char *machine_call(struct machine *machine, void *context, uint32_t function, uint64_t *values)
{
    if (function >= machine->module->numFunctions)
        return m3Err_functionLookupFailed;
    IM3Function found = &machine->module->functions[function];
    const uint32_t count = m3_GetArgCount(found);
    const void *pointers[MACHINE_MAX_PARAMS];
    if (count > MACHINE_MAX_PARAMS)
        return m3Err_argumentCountMismatch;
    for (uint32_t i = 0; i < count; i++)
        pointers[i] = &values[i];

    if (machine->fuel_global >= 0)
        machine->module->globals[machine->fuel_global].i64Value = machine->fuel;
    machine->context = context;
    guard_begin(&machine->guard, machine->deadline_ns, NATIVE_STACK_BYTES);
    const M3Result result = m3_Call(found, count, pointers);
    machine->context = NULL;
    if (result != m3Err_none)
        return result;
    if (m3_GetRetCount(found) == 0)
        return NULL;
    const void *where[] = {values};
    return m3_GetResults(found, 1, where);
}

int machine_global(const struct machine *machine, uint32_t global, uint8_t *type, uint64_t *value)
{
    if (global >= machine->module->numGlobals)
        return -1;
    const M3Global *found = &machine->module->globals[global];
    *type = found->type;
    *value = (uint64_t)found->i64Value; /* all members of the union begin there */
    return 0;
}

uint8_t *machine_memory(const struct machine *machine, size_t *bytes)
{
    uint32_t size = 0;
    uint8_t *memory = m3_GetMemory(machine->runtime, &size, 0);
    *bytes = memory != NULL ? size : 0;
    return memory;
}
