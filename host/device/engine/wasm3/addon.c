/*
 * Node-API door to instance.h, for host/device/engine/wasm3/index.ts. Six functions over a handle:
 *   load(wasm, rom, imports, fuel, memoryBytes, stackBytes, deadlineMs) -> handle; throws Error
 *   memory(handle) -> ArrayBuffer over linear memory, empty after close
 *   call(handle, hosts, function, ...args) -> result, or a string: the trap's name and a sentence; throws what a host function threw
 *   places(handle) -> offsets in the module of the last trap and its callers
 *   global(handle, index) -> value
 *   close(handle, memory)
 * `imports` is an array of texts "NAME SIGNATURE", `hosts` of functions in the same order. Arguments were checked in TypeScript; here only what memory safety needs is checked again.
 */
#define NAPI_VERSION 8

#include <node_api.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"

#define MAX_ARGS (3 + INSTANCE_MAX_PARAMS)

/* Freed when the handle and its memory's ArrayBuffer are both gone; the instance goes earlier, with `close`. */
struct box {
    struct instance *instance;
    /* What the instance uses in place. */
    uint8_t *wasm;
    uint8_t *rom;
    struct instance_import *imports;
    char *import_text;
    uint32_t owners;
    bool running;
    /* Bytes of the instance that the garbage collector can't see, about. */
    int64_t weight;
};

/* The JavaScript side of a running call. */
struct call {
    napi_env env;
    napi_value hosts; /* array of functions, by import */
    const struct instance_import *imports;
};

static void weigh(napi_env env, int64_t change)
{
    int64_t total = 0;
    napi_adjust_external_memory(env, change, &total);
}

static void free_instance(napi_env env, struct box *box)
{
    if (box->instance == NULL)
        return;
    instance_free(box->instance);
    box->instance = NULL;
    weigh(env, -box->weight);
}

static void free_box(struct box *box)
{
    free(box->import_text);
    free(box->imports);
    free(box->rom);
    free(box->wasm);
    free(box);
}

static void release(napi_env env, void *data, void *hint)
{
    struct box *box = hint != NULL ? hint : data;
    if (--box->owners > 0)
        return;
    free_instance(env, box);
    free_box(box);
}

static napi_value fail(napi_env env, const char *message)
{
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (!pending)
        napi_throw_error(env, "WASM3", message);
    return NULL;
}

static bool number_to_js(napi_env env, char type, const uint64_t *bits, napi_value *value)
{
    int32_t i32 = 0;
    int64_t i64 = 0;
    float f32 = 0;
    double f64 = 0;
    switch (type) {
    case 'i':
        memcpy(&i32, bits, sizeof i32);
        return napi_create_int32(env, i32, value) == napi_ok;
    case 'I':
        memcpy(&i64, bits, sizeof i64);
        return napi_create_bigint_int64(env, i64, value) == napi_ok;
    case 'f':
        memcpy(&f32, bits, sizeof f32);
        return napi_create_double(env, (double)f32, value) == napi_ok;
    case 'F':
        memcpy(&f64, bits, sizeof f64);
        return napi_create_double(env, f64, value) == napi_ok;
    default:
        return napi_get_undefined(env, value) == napi_ok;
    }
}

/* Wraps integers as WebAssembly's ToWebAssemblyValue does. `undefined` is 0 for an i32; other types are refused. */
static bool number_from_js(napi_env env, char type, napi_value value, uint64_t *bits)
{
    int32_t i32 = 0;
    int64_t i64 = 0;
    float f32 = 0;
    double f64 = 0;
    bool lossless = false;
    napi_valuetype kind = napi_undefined;
    *bits = 0;
    switch (type) {
    case 'i':
        if (napi_get_value_int32(env, value, &i32) == napi_ok)
            memcpy(bits, &i32, sizeof i32);
        else if (napi_typeof(env, value, &kind) != napi_ok || kind != napi_undefined)
            return false;
        return true;
    case 'I':
        if (napi_get_value_bigint_int64(env, value, &i64, &lossless) != napi_ok)
            return false;
        memcpy(bits, &i64, sizeof i64);
        return true;
    case 'f':
    case 'F':
        if (napi_get_value_double(env, value, &f64) != napi_ok)
            return false;
        f32 = (float)f64;
        memcpy(bits, type == 'f' ? (const void *)&f32 : (const void *)&f64, type == 'f' ? 4 : 8);
        return true;
    default:
        return true;
    }
}

/* Leaves JavaScript's exception pending when the host function throws; `call` hands it on. */
static bool call_js(const struct call *call, const struct instance_import *import, const uint64_t *arguments, uint64_t *value)
{
    const char *params = import->signature + 2;
    const uint32_t count = (uint32_t)strlen(params) - 1;
    napi_value function = NULL;
    napi_value receiver = NULL;
    napi_value result = NULL;
    napi_value js[INSTANCE_MAX_PARAMS];
    if (napi_get_element(call->env, call->hosts, (uint32_t)(import - call->imports), &function) != napi_ok)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!number_to_js(call->env, params[i], &arguments[i], &js[i]))
            return false;
    napi_get_undefined(call->env, &receiver);
    if (napi_call_function(call->env, receiver, function, count, js, &result) != napi_ok)
        return false;
    if (import->signature[0] == 'v')
        return true;
    if (number_from_js(call->env, import->signature[0], result, value))
        return true;
    napi_throw_type_error(call->env, "WASM3", "a host function returned a value of the wrong type");
    return false;
}

static enum trap call_host(const struct instance_import *import, void *context, const uint64_t *arguments, uint64_t *result)
{
    const struct call *call = context;
    napi_handle_scope scope = NULL;
    if (napi_open_handle_scope(call->env, &scope) != napi_ok)
        return TRAP_HOST;
    const bool done = call_js(call, import, arguments, result);
    napi_close_handle_scope(call->env, scope);
    return done ? TRAP_NONE : TRAP_HOST;
}

static struct box *box_of(napi_env env, napi_value handle)
{
    void *box = NULL;
    if (napi_get_value_external(env, handle, &box) != napi_ok || ((struct box *)box)->instance == NULL)
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

static uint8_t *copy(const uint8_t *bytes, uint32_t count)
{
    uint8_t *result = malloc(count > 0 ? count : 1);
    if (result != NULL && count > 0)
        memcpy(result, bytes, count);
    return result;
}

/* Longest "NAME SIGNATURE"; the gate lets no longer names through. */
#define IMPORT_BYTES 256

/* The table of imports from an array of texts. */
static bool get_imports(napi_env env, napi_value array, struct box *box, uint32_t *count)
{
    if (napi_get_array_length(env, array, count) != napi_ok || *count > 10000)
        return false;
    box->imports = calloc((size_t)*count + 1, sizeof *box->imports);
    box->import_text = calloc((size_t)*count + 1, IMPORT_BYTES);
    if (box->imports == NULL || box->import_text == NULL)
        return false;
    for (uint32_t i = 0; i < *count; i++) {
        char *text = box->import_text + (size_t)i * IMPORT_BYTES;
        napi_value value = NULL;
        size_t length = 0;
        if (napi_get_element(env, array, i, &value) != napi_ok ||
            napi_get_value_string_utf8(env, value, text, IMPORT_BYTES, &length) != napi_ok)
            return false;
        char *space = strrchr(text, ' ');
        if (space == NULL || strlen(space) < 4)
            return false;
        *space = '\0';
        box->imports[i] = (struct instance_import){text, space + 1, call_host};
    }
    return true;
}

/* NULL, or what went wrong. */
static const char *fill(napi_env env, napi_value argv[7], struct box *box)
{
    struct instance_options options = {.platform = &platform};
    double deadline_ms = 0;
    bool lossless = false;
    if (!get_bytes(env, argv[0], &options.wasm, &options.wasm_bytes) ||
        !get_bytes(env, argv[1], &options.rom, &options.rom_bytes) ||
        !get_imports(env, argv[2], box, &options.import_count) ||
        napi_get_value_bigint_int64(env, argv[3], &options.fuel, &lossless) != napi_ok ||
        napi_get_value_uint32(env, argv[4], &options.memory_bytes) != napi_ok ||
        napi_get_value_uint32(env, argv[5], &options.stack_bytes) != napi_ok ||
        napi_get_value_double(env, argv[6], &deadline_ms) != napi_ok)
        return "bad arguments";
    /* A century at most. */
    options.deadline_us = (int64_t)((deadline_ms < 3e12 ? deadline_ms : 3e12) * 1e3);
    box->wasm = copy(options.wasm, options.wasm_bytes);
    box->rom = copy(options.rom, options.rom_bytes);
    if (box->wasm == NULL || box->rom == NULL)
        return "out of memory";
    options.wasm = box->wasm;
    options.rom = box->rom;
    options.imports = box->imports;
    const char *why = NULL;
    box->instance = instance_load(&options, &why);
    /* A page of compiled code at least, and about ten bytes of it for each of wasm. */
    box->weight = 65536 + (int64_t)options.stack_bytes + options.rom_bytes + (int64_t)options.wasm_bytes * 11;
    return why;
}

static napi_value load(napi_env env, napi_callback_info info)
{
    napi_value argv[7];
    size_t argc = 7;
    napi_value handle = NULL;
    if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc != 7)
        return fail(env, "bad arguments");
    struct box *box = calloc(1, sizeof *box);
    if (box == NULL)
        return fail(env, "out of memory");
    box->owners = 1;
    const char *why = fill(env, argv, box);
    if (why != NULL) {
        free_box(box);
        return fail(env, why);
    }
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
    uint32_t bytes = 0;
    void *empty = NULL;
    if (napi_get_cb_info(env, info, &argc, &handle, NULL, NULL) != napi_ok || argc != 1)
        return fail(env, "bad arguments");
    struct box *box = box_of(env, handle);
    if (box == NULL)
        return fail(env, "closed");
    uint8_t *data = instance_memory(box->instance, &bytes);
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

static napi_value trap_text(napi_env env, enum trap trap, const char *reason)
{
    char text[256];
    napi_value result = NULL;
    snprintf(text, sizeof text, "%s %s", trap_name(trap), reason);
    napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
    return result;
}

static napi_value call(napi_env env, napi_callback_info info)
{
    napi_value argv[MAX_ARGS];
    size_t argc = MAX_ARGS;
    uint32_t function = 0;
    uint64_t values[INSTANCE_MAX_PARAMS] = {0};
    char signature[INSTANCE_SIGNATURE_BYTES];
    napi_value result = NULL;
    if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc < 3 ||
        napi_get_value_uint32(env, argv[2], &function) != napi_ok)
        return fail(env, "bad arguments");
    struct box *box = box_of(env, argv[0]);
    if (box == NULL || box->running)
        return fail(env, "closed or busy");
    if (!instance_signature(box->instance, function, signature) || argc != strlen(signature))
        return fail(env, "no such function");
    for (size_t i = 3; i < argc; i++)
        if (!number_from_js(env, signature[i - 1], argv[i], &values[i - 3]))
            return fail(env, "bad argument types");

    struct call context = {env, argv[1], box->imports};
    box->running = true;
    const enum trap trap = instance_call(box->instance, &context, function, values);
    box->running = false;
    if (trap == TRAP_HOST)
        return fail(env, "a host function failed");
    if (trap != TRAP_NONE)
        return trap_text(env, trap, instance_reason(box->instance));
    if (!number_to_js(env, signature[0], values, &result))
        return fail(env, "out of memory");
    return result;
}

static napi_value global(napi_env env, napi_callback_info info)
{
    napi_value argv[2];
    size_t argc = 2;
    uint32_t index = 0;
    uint64_t bits = 0;
    napi_value value = NULL;
    if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc != 2 ||
        napi_get_value_uint32(env, argv[1], &index) != napi_ok)
        return fail(env, "bad arguments");
    const struct box *box = box_of(env, argv[0]);
    const char type = box != NULL ? instance_global(box->instance, index, &bits) : 0;
    if (type == 0 || !number_to_js(env, type, &bits, &value))
        return fail(env, "no such global");
    return value;
}

static napi_value places(napi_env env, napi_callback_info info)
{
    napi_value argv[1];
    size_t argc = 1;
    napi_value list;
    if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc != 1)
        return fail(env, "bad arguments");
    struct box *box = box_of(env, argv[0]);
    if (box == NULL || box->running || box->instance == NULL)
        return fail(env, "closed or busy");
    if (napi_create_array(env, &list) != napi_ok)
        return fail(env, "no memory");
    for (uint32_t depth = 0;; depth++) {
        const uint32_t at = instance_place(box->instance, depth);
        napi_value value;
        if (at == 0)
            return list;
        if (napi_create_uint32(env, at, &value) != napi_ok || napi_set_element(env, list, depth, value) != napi_ok)
            return fail(env, "no memory");
    }
}

static napi_value close_instance(napi_env env, napi_callback_info info)
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
    free_instance(env, box);
    return NULL;
}

NAPI_MODULE_INIT()
{
    const napi_property_descriptor properties[] = {
        {"load", NULL, load, NULL, NULL, NULL, napi_default, NULL},
        {"memory", NULL, memory, NULL, NULL, NULL, napi_default, NULL},
        {"call", NULL, call, NULL, NULL, NULL, napi_default, NULL},
        {"places", NULL, places, NULL, NULL, NULL, napi_default, NULL},
        {"global", NULL, global, NULL, NULL, NULL, napi_default, NULL},
        {"close", NULL, close_instance, NULL, NULL, NULL, napi_default, NULL},
    };
    if (napi_define_properties(env, exports, sizeof properties / sizeof properties[0], properties) != napi_ok)
        return NULL;
    return exports;
}
