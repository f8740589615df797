/*
 * Runs one model's program many times on the MPS2 board with a Cortex-M4 and prints the instructions of each entry,
 * then those of whole runs that nobody watched. QEMU's -icount shift=0 makes an instruction a nanosecond, and SysTick
 * counts 25 million ticks a second there: 40 instructions each, so the mean of many runs is right to a few.
 * bench/kernels.mjs writes model.bin and reads what comes out.
 */
#include <string.h>

#include "arch/cortex-m/scb.h"
#include "board.h"
#include "kernels/kernels.h"
#include "platform/bare/chip.h"
#include "report.h"

#define INSTRUCTIONS_PER_TICK 40
_Static_assert(1000000000u / CLOCK_HZ == INSTRUCTIONS_PER_TICK, "an instruction is a nanosecond");

#define MAX_ENTRIES 128
#define MEMORY_BYTES (128 * 1024)
#define INPUT_BYTES (64 * 1024)
#define OUTPUT_BYTES 4096

static _Alignas(16) uint8_t memory[MEMORY_BYTES];
static uint8_t input[INPUT_BYTES];
static uint8_t expected[OUTPUT_BYTES];
/* The emulator writes even to what is flash for the processor. */
static uint8_t *const rom = (uint8_t *)BOARD_FLASH_ORIGIN;

static struct {
    uint32_t memory_bytes, rom_bytes;
    uint32_t program, entries;
    uint32_t input, input_bytes;
    uint32_t output, output_bytes;
    uint32_t runs;
} model;

static struct {
    uint32_t last;
    uint64_t ticks[MAX_ENTRIES];
} watch;

/* SysTick counts down and round. */
static uint32_t since(uint32_t start, uint32_t now)
{
    return start >= now ? start - now : start + SYST_RVR + 1 - now;
}

static void observe(void *context, uint32_t entry)
{
    (void)context;
    uint32_t now = SYST_CVR;
    watch.ticks[entry] += since(watch.last, now);
    watch.last = SYST_CVR;
}

static void fail(const char *why)
{
    report(why);
    host_exit(HOST_EXIT_BROKEN);
}

static void read_model(void)
{
    int file = host_open("model.bin", HOST_READ);
    if (file < 0 || !host_read(file, &model, sizeof(model)))
        fail("no model.bin here\n");
    if (model.memory_bytes > MEMORY_BYTES || model.rom_bytes > BOARD_FLASH_BYTES || model.entries > MAX_ENTRIES ||
        model.input_bytes > INPUT_BYTES || model.output_bytes > OUTPUT_BYTES)
        fail("the model is too large\n");
    if (!host_read(file, rom, model.rom_bytes) || !host_read(file, input, model.input_bytes) ||
        !host_read(file, expected, model.output_bytes))
        fail("model.bin is broken\n");
}

static void print(uint64_t ticks)
{
    report_number((ticks * INSTRUCTIONS_PER_TICK + model.runs / 2) / model.runs);
    report("\n");
}

int main(void)
{
    chip_start();
    read_model();
    struct kernels_space space = {
        .memory = memory, .memory_bytes = model.memory_bytes, .rom = rom, .rom_bytes = model.rom_bytes};
    uint64_t whole = 0;
    for (uint32_t run = 0; run < 2 * model.runs; run++) {
        memcpy(memory + model.input, input, model.input_bytes);
        space.observe = run % 2 == 0 ? NULL : observe;
        uint32_t start = watch.last = SYST_CVR;
        int32_t done = kernels_run(&space, 0, model.program, model.entries);
        uint32_t end = SYST_CVR;
        if (run % 2 == 0)
            whole += since(start, end);
        if (done != (int32_t)model.entries)
            fail("the program was not done\n");
        if (memcmp(memory + model.output, expected, model.output_bytes) != 0)
            fail("the output differs\n");
    }
    for (uint32_t entry = 0; entry < model.entries; entry++)
        print(watch.ticks[entry]);
    print(whole);
    host_exit(HOST_EXIT_DONE);
}
