/*
 * Node-API door to machine.h, for host/engine/wasm3/index.ts. Four functions over a handle:
 *   load(wasm, rom, importKinds, fuelGlobal, fuel, memoryBytes, stackBytes, deadlineMs) -> handle; throws Error
 *   memory(handle) -> ArrayBuffer over linear memory, empty after close
 *   call(handle, hosts, function, ...args) -> result, or a string: the trap; throws what a host function threw
 *   global(handle, index) -> value
 *   close(handle, memory)
 * Arguments were checked in TypeScript; here only what memory safety needs is checked again.
 */
#define NAPI_VERSION 8

#include <node_api.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

#define MAX_ARGS (3 + MACHINE_MAX_PARAMS)

/* Freed when the handle and its memory's ArrayBuffer are both gone; the machine goes earlier, with `close`. */
struct box {
    struct machine *machine;
    uint32_t owners;
    bool running;
    /* Bytes of the machine that the garbage collector can't see, about. */
    int64_t weight;
};

/* The JavaScript side of a running call. */
struct call {
    napi_env env;
    napi_value hosts; /* array of functions, by import */
};

static void weigh(napi_env env, int64_t change)
{
    int64_t total = 0;
    napi_adjust_external_memory(env, change, &total);
}

static void free_machine(napi_env env, struct box *box)
{
    if (box->machine == NULL)
        return;
    machine_free(box->machine);
    box->machine = NULL;
    weigh(env, -box->weight);
}

static void release(napi_env env, void *data, void *hint)
{
    struct box *box = hint != NULL ? hint : data;
    if (--box->owners > 0)
        return;
    free_machine(env, box);
    free(box);
}

static napi_value fail(napi_env env, const char *message)
{
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (!pending)
        napi_throw_error(env, "WASM3", message);
    return NULL;
}

static bool number_to_js(napi_env env, uint8_t type, const uint64_t *bits, napi_value *value)
{
    int32_t i32 = 0;
    int64_t i64 = 0;
    float f32 = 0;
    double f64 = 0;
    switch (type) {
    case MACHINE_I32:
        memcpy(&i32, bits, sizeof i32);
        return napi_create_int32(env, i32, value) == napi_ok;
    case MACHINE_I64:
        memcpy(&i64, bits, sizeof i64);
        return napi_create_bigint_int64(env, i64, value) == napi_ok;
    case MACHINE_F32:
        memcpy(&f32, bits, sizeof f32);
        return napi_create_double(env, (double)f32, value) == napi_ok;
    case MACHINE_F64:
        memcpy(&f64, bits, sizeof f64);
        return napi_create_double(env, f64, value) == napi_ok;
    default:
        return napi_get_undefined(env, value) == napi_ok;
    }
}

/* Wraps integers as WebAssembly's ToWebAssemblyValue does. `undefined` is 0 for an i32; other types are refused. */
static bool number_from_js(napi_env env, uint8_t type, napi_value value, uint64_t *bits)
{
    int32_t i32 = 0;
    int64_t i64 = 0;
    float f32 = 0;
    double f64 = 0;
    bool lossless = false;
    napi_valuetype kind = napi_undefined;
    *bits = 0;
    switch (type) {
    case MACHINE_I32:
        if (napi_get_value_int32(env, value, &i32) == napi_ok)
            memcpy(bits, &i32, sizeof i32);
        else if (napi_typeof(env, value, &kind) != napi_ok || kind != napi_undefined)
            return false;
        return true;
    case MACHINE_I64:
        if (napi_get_value_bigint_int64(env, value, &i64, &lossless) != napi_ok)
            return false;
        memcpy(bits, &i64, sizeof i64);
        return true;
    case MACHINE_F32:
    case MACHINE_F64:
        if (napi_get_value_double(env, value, &f64) != napi_ok)
            return false;
        f32 = (float)f64;
        memcpy(bits, type == MACHINE_F32 ? (const void *)&f32 : (const void *)&f64, type == MACHINE_F32 ? 4 : 8);
        return true;
    default:
        return true;
    }
}

static const char host_failed[] = "host";

/* Leaves JavaScript's exception pending when the host function throws; `call` hands it on. */
static const char *call_js(struct call *call, uint32_t import, const struct machine_signature *signature, uint64_t *values)
{
    const uint64_t *args = signature->result == MACHINE_NONE ? values : values + 1;
    napi_value function = NULL;
    napi_value receiver = NULL;
    napi_value result = NULL;
    napi_value js[MACHINE_MAX_PARAMS];
    if (napi_get_element(call->env, call->hosts, import, &function) != napi_ok)
        return host_failed;
    for (uint32_t i = 0; i < signature->count; i++)
        if (!number_to_js(call->env, signature->params[i], &args[i], &js[i]))
            return host_failed;
    napi_get_undefined(call->env, &receiver);
    if (napi_call_function(call->env, receiver, function, signature->count, js, &result) != napi_ok)
        return host_failed;
    if (number_from_js(call->env, signature->result, result, values))
        return NULL;
    napi_throw_type_error(call->env, "WASM3", "a host function returned a value of the wrong type");
    return host_failed;
}

static const char *call_host(void *context, uint32_t import, const struct machine_signature *signature, uint64_t *values)
{
    struct call *call = context;
    napi_handle_scope scope = NULL;
    if (napi_open_handle_scope(call->env, &scope) != napi_ok)
        return host_failed;
    const char *trap = call_js(call, import, signature, values);
    napi_close_handle_scope(call->env, scope);
    return trap;
}

static struct box *box_of(napi_env env, napi_value handle)
{
    void *box = NULL;
    if (napi_get_value_external(env, handle, &box) != napi_ok || ((struct box *)box)->machine == NULL)
        return NULL;
    return box;
}

static bool get_bytes(napi_env env, napi_value value, const uint8_t **bytes, uint32_t *count)
{
    napi_typedarray_type type = napi_uint8_array;
    void *data = NULL;
    size_t length = 0;
    if (napi_get_typedarray_info(env, value, &type, &length, &data, NULL, NULL) != napi_ok)
        return false;
    *bytes = data;
    *count = (uint32_t)length;
    return type == napi_uint8_array && length < UINT32_MAX;
}

static napi_value load(napi_env env, napi_callback_info info)
{
    napi_value argv[8];
    size_t argc = 8;
    struct machine_options options = {.host = call_host};
    double deadline_ms = 0;
    bool lossless = false;
    if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc != 8 ||
        !get_bytes(env, argv[0], &options.wasm, &options.wasm_bytes) ||
        !get_bytes(env, argv[1], &options.rom, &options.rom_bytes) ||
        !get_bytes(env, argv[2], &options.imports, &options.import_count) ||
        napi_get_value_int32(env, argv[3], &options.fuel_global) != napi_ok ||
        napi_get_value_bigint_int64(env, argv[4], &options.fuel, &lossless) != napi_ok ||
        napi_get_value_uint32(env, argv[5], &options.memory_bytes) != napi_ok ||
        napi_get_value_uint32(env, argv[6], &options.stack_bytes) != napi_ok ||
        napi_get_value_double(env, argv[7], &deadline_ms) != napi_ok)
        return fail(env, "bad arguments");
    /* A century at most: 64 bits of nanoseconds hold three. */
    options.deadline_ns = (int64_t)((deadline_ms < 3e12 ? deadline_ms : 3e12) * 1e6);

    struct box *box = calloc(1, sizeof *box);
    if (box == NULL)
        return fail(env, "out of memory");
    char error[512];
    napi_value handle = NULL;
    box->owners = 1;
    box->machine = machine_load(&options, error, sizeof error);
    if (box->machine == NULL) {
        free(box);
        return fail(env, error);
    }
    /* A page of compiled code at least, and about ten bytes of it for each of wasm. */
    box->weight = 65536 + (int64_t)options.stack_bytes + options.rom_bytes + (int64_t)options.wasm_bytes * 11;
    weigh(env, box->weight);
    if (napi_create_external(env, box, release, NULL, &handle) != napi_ok) {
        release(env, box, NULL);
        return fail(env, "out of memory");
    }
    return handle;
}

static napi_value memory(napi_env env, napi_callback_info info)
{
    napi_value handle = NULL;
    napi_value buffer = NULL;
    size_t argc = 1;
    size_t bytes = 0;
    void *empty = NULL;
    if (napi_get_cb_info(env, info, &argc, &handle, NULL, NULL) != napi_ok || argc != 1)
        return fail(env, "bad arguments");
    struct box *box = box_of(env, handle);
    if (box == NULL)
        return fail(env, "closed");
    uint8_t *data = machine_memory(box->machine, &bytes);
    if (bytes == 0) {
        napi_create_arraybuffer(env, 0, &empty, &buffer);
        return buffer;
    }
    box->owners++;
    if (napi_create_external_arraybuffer(env, data, bytes, release, box, &buffer) != napi_ok) {
        box->owners--;
        return fail(env, "out of memory");
    }
    return buffer;
}

static napi_value call(napi_env env, napi_callback_info info)
{
    napi_value argv[MAX_ARGS];
    size_t argc = MAX_ARGS;
    uint32_t function = 0;
    uint64_t values[MACHINE_MAX_PARAMS] = {0};
    struct machine_signature signature;
    napi_value result = NULL;
    if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc < 3 ||
        napi_get_value_uint32(env, argv[2], &function) != napi_ok)
        return fail(env, "bad arguments");
    struct box *box = box_of(env, argv[0]);
    if (box == NULL || box->running)
        return fail(env, "closed or busy");
    if (machine_signature(box->machine, function, &signature) != 0 || argc != 3 + (size_t)signature.count)
        return fail(env, "no such function");
    for (uint32_t i = 0; i < signature.count; i++)
        if (!number_from_js(env, signature.params[i], argv[3 + i], &values[i]))
            return fail(env, "bad argument types");

    struct call context = {env, argv[1]};
    box->running = true;
    const char *trap = machine_call(box->machine, &context, function, values);
    box->running = false;
    if (trap == host_failed)
        return fail(env, "a host function failed");
    if (trap != NULL)
        napi_create_string_utf8(env, trap, NAPI_AUTO_LENGTH, &result);
    else if (!number_to_js(env, signature.result, values, &result))
        return fail(env, "out of memory");
    return result;
}

static napi_value global(napi_env env, napi_callback_info info)
{
    napi_value argv[2];
    size_t argc = 2;
    uint32_t index = 0;
    uint8_t type = 0;
    uint64_t bits = 0;
    napi_value value = NULL;
    if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc != 2 ||
        napi_get_value_uint32(env, argv[1], &index) != napi_ok)
        return fail(env, "bad arguments");
    const struct box *box = box_of(env, argv[0]);
    if (box == NULL || machine_global(box->machine, index, &type, &bits) != 0 ||
        !number_to_js(env, type, &bits, &value))
        return fail(env, "no such global");
    return value;
}

static napi_value close_machine(napi_env env, napi_callback_info info)
{
    napi_value argv[2];
    size_t argc = 2;
    if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc != 2)
        return fail(env, "bad arguments");
    struct box *box = box_of(env, argv[0]);
    if (box == NULL || box->running)
        return fail(env, "closed or busy");
    /* First take memory away from every view of it. An empty one isn't ours. */
    if (box->owners > 1 && napi_detach_arraybuffer(env, argv[1]) != napi_ok)
        return fail(env, "not its memory");
    free_machine(env, box);
    return NULL;
}

NAPI_MODULE_INIT()
{
    const napi_property_descriptor properties[] = {
        {"load", NULL, load, NULL, NULL, NULL, napi_default, NULL},
        {"memory", NULL, memory, NULL, NULL, NULL, napi_default, NULL},
        {"call", NULL, call, NULL, NULL, NULL, napi_default, NULL},
        {"global", NULL, global, NULL, NULL, NULL, napi_default, NULL},
        {"close", NULL, close_machine, NULL, NULL, NULL, napi_default, NULL},
    };
    if (napi_define_properties(env, exports, sizeof properties / sizeof properties[0], properties) != napi_ok)
        return NULL;
    return exports;
}
