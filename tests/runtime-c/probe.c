/*
 * The WebAssembly runtime on any board, for tests: option `do` says what, the answers are lines on the host's console.
 *
 *   do=calls     loads module.wasm of the working folder for each word call=NAME, runs the function and prints `NAME KIND: REASON`; the heap must
 *                be empty after each
 *   do=heap      takes, resizes and gives blocks at random and checks them
 *   do=exports   prints what the module exports, then reads every damaged form of it
 */
#include <string.h>

#include "platform/bare/chip.h"
#include "platform/emulated/host.h"
#include "platform/emulated/options.h"
#include "platform/hal.h"
#include "runtime/exports.h"
#include "runtime/heap.h"
#include "runtime/instance.h"

#define WASM_BYTES 16384
static uint8_t wasm[WASM_BYTES];
static uint32_t wasm_bytes;
static const uint8_t rom[] = {1, 2, 3, 4};

static void print_number(uint32_t value)
{
    char text[12];
    char *at = text + sizeof text;
    *--at = 0;
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    host_print(at);
}

static void say_number(const char *name, uint32_t value)
{
    host_print(name);
    host_print(" ");
    print_number(value);
    host_print("\n");
}

static _Noreturn void fail(const char *what)
{
    host_fail(HOST_EXIT_BROKEN, what, "probe");
}

static void read_module(void)
{
    const int file = host_open("module.wasm", HOST_READ);
    const int32_t size = file < 0 ? -1 : host_size(file);
    if (size < 0 || size > WASM_BYTES || !host_read(file, wasm, (size_t)size))
        fail("module.wasm can't be read");
    host_close(file);
    wasm_bytes = (uint32_t)size;
}

static int64_t now_us(void)
{
    return (int64_t)chip_now_us();
}

static uintptr_t stack_floor(void)
{
    return hal_stack_floor() + 1024;
}

static const struct instance_platform platform = {now_us, stack_floor};

static enum trap answer(const struct instance_import *import, void *context, const uint64_t *arguments, uint64_t *result)
{
    (void)import;
    (void)context;
    instance_put_u32(result, instance_u32(arguments[0]) + 1);
    return TRAP_NONE;
}

static enum trap refuse(const struct instance_import *import, void *context, const uint64_t *arguments, uint64_t *result)
{
    (void)import;
    (void)context;
    (void)arguments;
    (void)result;
    return TRAP_HOST;
}

/* Takes 10 ms. */
static enum trap work(const struct instance_import *import, void *context, const uint64_t *arguments, uint64_t *result)
{
    const int64_t end_us = now_us() + 10000;
    while (now_us() < end_us)
        ;
    return answer(import, context, arguments, result);
}

static const struct instance_import imports[] = {
    {"sensor_rate", "i(i)", answer}, {"sensor_lost", "i(i)", refuse}, {"sensor_available", "i(i)", work}};

static void call(const char *name)
{
    const struct instance_options options = {
        .wasm = wasm,
        .wasm_bytes = wasm_bytes,
        .rom = rom,
        .rom_bytes = sizeof rom,
        .imports = imports,
        .import_count = sizeof imports / sizeof imports[0],
        .platform = &platform,
        .memory_bytes = options_number("memory", 0, UINT32_MAX, 1000),
        .stack_bytes = options_number("stack", 1024, UINT32_MAX, 4096),
        .fuel = 5000,
        .deadline_us = 30000,
        .lazy = true,
    };
    const char *why = NULL;
    uint64_t values[INSTANCE_MAX_PARAMS] = {0};
    struct instance *instance = instance_load(&options, &why);
    host_print(name);
    if (instance == NULL) {
        host_print(" load: ");
        host_print(why);
    } else {
        int32_t function = instance_find(instance, name, "v()");
        if (function < 0)
            function = instance_find(instance, name, "i()");
        if (function < 0)
            fail("no such function");
        const enum trap trap = instance_call(instance, NULL, (uint32_t)function, values);
        host_print(" ");
        host_print(trap_name(trap));
        host_print(": ");
        host_print(instance_reason(instance));
        if (trap == TRAP_NONE)
            print_number(instance_u32(values[0]));
    }
    host_print("\n");
    instance_free(instance);
    if (heap_use().used != 0)
        fail("the heap isn't empty after a module");
}

static uint32_t random_state = 1;
static uint32_t below(uint32_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % bound;
}

#define BLOCKS 24
static struct {
    uint8_t *at;
    uint32_t size;
    uint8_t with;
} blocks[BLOCKS];

static void check_block(uint32_t i)
{
    for (uint32_t n = 0; n < blocks[i].size; n++)
        if (blocks[i].at[n] != blocks[i].with)
            fail("a block lost what was in it");
}

static void fill_block(uint32_t i, uint8_t *at, uint32_t from, uint32_t size)
{
    if ((uintptr_t)at % 8 != 0)
        fail("a block isn't aligned");
    for (uint32_t n = from; n < size; n++)
        if (at[n] != 0)
            fail("a new block isn't zeros");
    blocks[i].at = at;
    blocks[i].size = size;
    blocks[i].with = (uint8_t)(1 + below(255));
    memset(at, blocks[i].with, size);
}

/* Of half of them the size fits a place that another left; sometimes one takes more than there is. */
static void do_heap(uint32_t bytes)
{
    uint32_t refused = 0;
    for (uint32_t round = 0; round < 20000; round++) {
        const uint32_t i = below(BLOCKS);
        const uint32_t size = below(8) == 0 ? below(bytes / 4) : below(200);
        if (blocks[i].at == NULL) {
            uint8_t *at = heap_take(size);
            refused += at == NULL;
            if (at != NULL)
                fill_block(i, at, 0, size);
        } else if (below(3) == 0) {
            check_block(i);
            const uint32_t old = blocks[i].size;
            uint8_t *at = heap_resize(blocks[i].at, size);
            refused += at == NULL;
            if (at != NULL) {
                blocks[i].at = at;
                blocks[i].size = size < old ? size : old;
                check_block(i);
                memset(at + blocks[i].size, 0, size - blocks[i].size);
                fill_block(i, at, size, size);
            }
        } else {
            check_block(i);
            heap_give(blocks[i].at);
            blocks[i].at = NULL;
        }
    }
    for (uint32_t i = 0; i < BLOCKS; i++)
        heap_give(blocks[i].at);
    const struct heap_use use = heap_use();
    if (use.used != 0 || use.largest + 8 != use.size || use.peak > use.size || refused == 0)
        fail("what was given isn't one free block again, or nothing was ever refused");
    if (heap_take(use.largest + 1) != NULL || heap_take(SIZE_MAX) != NULL || heap_take(use.largest) == NULL)
        fail("the largest block isn't the largest");
    say_number("heap", (uint32_t)use.size);
}

static void say_constant(const char *name)
{
    uint32_t value = 0;
    if (export_constant(wasm, wasm_bytes, name, &value))
        say_number(name, value);
}

/* Copies that end where their memory ends, so that a sanitizer sees a read behind them. */
#if defined(__SANITIZE_ADDRESS__)
#include <stdlib.h>
static void read_damaged(uint32_t count, uint32_t at, uint8_t with)
{
    uint8_t *copy = malloc(count);
    uint32_t value = 0;
    memcpy(copy, wasm, count);
    if (at < count)
        copy[at] = with;
    export_find(copy, count, EXPORT_FUNCTION, "init");
    export_constant(copy, count, "memory_bytes", &value);
    free(copy);
}
#else
static void read_damaged(uint32_t count, uint32_t at, uint8_t with)
{
    (void)count;
    (void)at;
    (void)with;
}
#endif

static void do_exports(void)
{
    static const uint8_t bad[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
    say_constant("abi_version");
    say_constant("memory_bytes");
    say_constant("changing");
    say_number("init", (uint32_t)export_find(wasm, wasm_bytes, EXPORT_FUNCTION, "init"));
    for (uint32_t count = 0; count <= wasm_bytes; count++)
        read_damaged(count, UINT32_MAX, 0);
    for (uint32_t at = 0; at < wasm_bytes; at++)
        for (uint32_t i = 0; i < sizeof bad; i++)
            read_damaged(wasm_bytes, at, bad[i]);
}

int main(void)
{
    uint32_t heap_bytes = 0;
    chip_start();
    options_start();
    const char *what = hal_option("do");
    uint8_t *heap = hal_module_heap(&heap_bytes);
    heap_bytes = options_number("heap", 1024, heap_bytes, heap_bytes);
    heap_start(heap, heap_bytes);
    if (strcmp(what, "heap") == 0) {
        do_heap(heap_bytes);
    } else if (strcmp(what, "exports") == 0) {
        read_module();
        do_exports();
    } else {
        read_module();
        const char *name;
        for (uint32_t i = 0; (name = options_value("call", i)) != NULL; i++)
            call(name);
    }
    host_exit(HOST_EXIT_DONE);
}
