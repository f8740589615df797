/*
 * The firmware image that runs one compiled model on an emulated board, for golden files and to count instructions. It
 * reads `module.wasm`, `rom.bin` and `job.bin` from the folder of option `dir`, and runs the model once for each input,
 * with the native kernels, or without them with accel=0. On request it runs once more to measure each operator. Then it
 * writes `result.bin`:
 *
 *   for each run    u64 instructions around the call of the module, the outputs
 *   if apart        u64 instructions until the end of each entry of the program
 *   u32 x 4         heap: size, peak; native stack: size, used
 */
#include <string.h>

#include "base/bytes.h"
#include "count.h"
#include "job.h"
#include "kernels/kernels.h"
#include "platform/bare/chip.h"
#include "platform/emulated/host.h"
#include "platform/emulated/options.h"
#include "platform/hal.h"
#include "runtime/heap.h"
#include "runtime/instance.h"

#if defined(BOARD_FLASH_ORIGIN)
#define FLASH ((uint8_t *)BOARD_FLASH_ORIGIN)
#else
static _Alignas(16) uint8_t flash[BOARD_FLASH_BYTES];
#define FLASH flash
#endif

/* Operators of one model. The largest of the sample models has 66. */
#define MAX_ENTRIES 256

/* More fuel than any model uses. */
#define FUEL ((int64_t)1 << 60)

static struct model {
    struct instance *instance;
    const uint8_t *rom;
    uint32_t rom_bytes;
    struct job job;
    bool accelerated;
    /* The measured run: its start, and the end of each entry. */
    bool watched;
    uint64_t start;
    uint64_t done[MAX_ENTRIES];
    uint32_t marked;
    /* First entry of the present call of nn_run. */
    uint32_t first;
} model;

static struct kernels_space space_of(struct model *of)
{
    struct kernels_space space = {.rom = of->rom, .rom_bytes = of->rom_bytes};
    space.memory = instance_memory(of->instance, &space.memory_bytes);
    return space;
}

/* All entries before `end` are done now. */
static void mark(struct model *of, uint32_t end)
{
    const uint64_t now = count_instructions() - of->start;
    for (; of->marked < end && of->marked < MAX_ENTRIES; of->marked++)
        of->done[of->marked] = now;
}

static void observe(void *context, uint32_t entry)
{
    struct model *of = context;
    mark(of, of->first + entry + 1);
}

static enum trap answer(int32_t done, uint64_t *result)
{
    instance_put_u32(result, (uint32_t)done);
    return done == KERNELS_FAULT ? TRAP_MEMORY : TRAP_NONE;
}

static enum trap nn_run(const struct instance_import *import, void *context, const uint64_t *arguments, uint64_t *result)
{
    struct model *of = context;
    const uint32_t count = instance_u32(arguments[2]);
    (void)import;
    struct kernels_space space = space_of(of);
    if (of->watched) {
        of->first = of->job.entries - count;
        mark(of, of->first);
        space.observe = observe;
        space.context = of;
    }
    if (!of->accelerated)
        return answer(0, result);
    return answer(kernels_run(&space, instance_u32(arguments[0]), instance_u32(arguments[1]), count), result);
}

static const struct instance_import imports[] = {{"nn_run", "i(iii)", nn_run}};

static int64_t now_us(void)
{
    return (int64_t)chip_now_us();
}

/* Bytes that host functions and interrupts need below the deepest frame of the interpreter. */
#define STACK_RESERVE_BYTES 1024

static uintptr_t stack_floor(void)
{
    return hal_stack_floor() + STACK_RESERVE_BYTES;
}

static const struct instance_platform platform = {now_us, stack_floor};

static int open_file(const char *name, enum host_mode mode)
{
    char path[256];
    const char *folder = hal_option("dir");
    host_path(path, sizeof path, folder != NULL ? folder : ".", name);
    const int file = host_open(path, mode);
    if (file < 0)
        host_fail(HOST_EXIT_OPTIONS, "can't be opened", path);
    return file;
}

/* Copies a file to `*at` in the flash, and moves `*at` behind it to a multiple of 16. */
static const uint8_t *to_flash(const char *name, uint32_t *at, uint32_t *count)
{
    const int file = open_file(name, HOST_READ);
    const int32_t size = host_size(file);
    if (size < 0 || *at > BOARD_FLASH_BYTES || (uint32_t)size > BOARD_FLASH_BYTES - *at)
        host_fail(HOST_EXIT_BROKEN, "does not fit this board's flash", name);
    uint8_t *bytes = FLASH + *at;
    if (!host_read(file, bytes, (size_t)size))
        host_fail(HOST_EXIT_BROKEN, "can't be read", name);
    host_close(file);
    *count = (uint32_t)size;
    *at += ((uint32_t)size + 15) & ~(uint32_t)15;
    return bytes;
}

static void load(struct model *of)
{
    uint32_t at = 0;
    struct instance_options options = {
        .imports = imports,
        .import_count = sizeof imports / sizeof imports[0],
        .platform = &platform,
        .memory_bytes = of->job.memory_bytes,
        .stack_bytes = of->job.stack_bytes,
        .fuel = FUEL,
        .deadline_us = INT64_MAX,
        .lazy = true,
    };
    options.wasm = to_flash("module.wasm", &at, &options.wasm_bytes);
    options.rom = to_flash("rom.bin", &at, &options.rom_bytes);
    of->rom = options.rom;
    of->rom_bytes = options.rom_bytes;
    const char *why = NULL;
    of->instance = instance_load(&options, &why);
    if (of->instance == NULL)
        host_fail(HOST_EXIT_BROKEN, why, "the module does not load on this board");
}

static uint32_t function(const struct model *of, const char *name, const char *signature)
{
    const int32_t found = instance_find(of->instance, name, signature);
    if (found < 0)
        host_fail(HOST_EXIT_BROKEN, "is no function of the module", name);
    return (uint32_t)found;
}

static uint32_t call(struct model *of, uint32_t index, uint32_t argument)
{
    uint64_t values[INSTANCE_MAX_PARAMS] = {argument};
    const enum trap trap = instance_call(of->instance, of, index, values);
    if (trap != TRAP_NONE)
        host_fail(HOST_EXIT_BROKEN, instance_reason(of->instance), "the module trapped on this board");
    return instance_u32(values[0]);
}

/* Returns the address of an input or output. */
static uint8_t *tensor(struct model *of, uint32_t pointer, uint32_t index, uint32_t bytes)
{
    uint8_t *at = instance_bytes(of->instance, call(of, pointer, index), bytes);
    if (at == NULL)
        host_fail(HOST_EXIT_BROKEN, "lies outside the module's memory", "a tensor");
    return at;
}

static void write_all(int file, const void *bytes, size_t count)
{
    if (!host_write(file, bytes, count))
        host_fail(HOST_EXIT_BROKEN, "can't be written", "result.bin");
}

static void write_count(int file, uint64_t count)
{
    uint8_t bytes[8];
    put_u64(bytes, count);
    write_all(file, bytes, sizeof bytes);
}

static uint64_t invoke(struct model *of, uint32_t index)
{
    of->start = count_instructions();
    of->marked = 0;
    call(of, index, 0);
    const uint64_t took = count_instructions() - of->start;
    mark(of, of->job.entries);
    return took;
}

static void run(struct model *of, int job, int result)
{
    const uint32_t input = function(of, "model_input", "i(i)");
    const uint32_t output = function(of, "model_output", "i(i)");
    const uint32_t start = function(of, "model_invoke", "v()");
    for (uint32_t i = 0; i < of->job.runs; i++) {
        for (uint32_t n = 0; n < of->job.input_count; n++)
            if (!host_read(job, tensor(of, input, n, of->job.input_bytes[n]), of->job.input_bytes[n]))
                host_fail(HOST_EXIT_BROKEN, "is cut short", "job.bin");
        write_count(result, invoke(of, start));
        for (uint32_t n = 0; n < of->job.output_count; n++)
            write_all(result, tensor(of, output, n, of->job.output_bytes[n]), of->job.output_bytes[n]);
    }
    if (of->job.apart == 0)
        return;
    of->watched = true;
    invoke(of, start);
    for (uint32_t i = 0; i < of->job.entries; i++)
        write_count(result, of->done[i]);
}

int main(void)
{
    chip_start();
    options_start();
    uint32_t heap_bytes = 0;
    uint8_t *heap = hal_module_heap(&heap_bytes);
    heap_start(heap, heap_bytes);
    model.accelerated = options_choice("accel", "0", "1");
    const int job = open_file("job.bin", HOST_READ);
    job_read(job, &model.job);
    if (model.job.entries > MAX_ENTRIES)
        host_fail(HOST_EXIT_BROKEN, "has a program of more than 256 operators", "job.bin");
    load(&model);
    const int result = open_file("result.bin", HOST_CREATE);
    run(&model, job, result);

    uint8_t words[16];
    uint32_t stack_bytes = 0;
    const uint32_t stack_used = hal_stack_used(&stack_bytes);
    const struct heap_use use = heap_use();
    put_u32(words, (uint32_t)use.size);
    put_u32(words + 4, (uint32_t)use.peak);
    put_u32(words + 8, stack_bytes);
    put_u32(words + 12, stack_used);
    write_all(result, words, sizeof words);
    host_close(result);
    host_exit(HOST_EXIT_DONE);
}
