/*
 * Runs one model's program many times on the MPS2 board with a Cortex-M4 and prints the instructions of each entry, then those of whole runs.
 * QEMU's -icount shift=0 makes an instruction a nanosecond, and SysTick counts 25 million ticks a second there: 40 instructions each,
 * so the mean of many runs is right to a few. bench/kernels.mjs writes model.bin and reads what comes out.
 */
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "kernels.h"
#include "report.h"

#define INSTRUCTIONS_PER_TICK 40
#define MAX_ENTRIES 128
#define MEMORY_BYTES (256 * 1024)
#define ROM_BYTES (2 * 1024 * 1024)

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)
#define TICK_MASK 0xFFFFFFu

static uint8_t memory[MEMORY_BYTES] __attribute__((aligned(16)));
static uint8_t rom[ROM_BYTES] __attribute__((aligned(16)));
static uint8_t input[MEMORY_BYTES];
static uint8_t expected[MEMORY_BYTES];

enum { MODEL_MEMORY, MODEL_ROM, MODEL_PROGRAM, MODEL_COUNT, MODEL_IN, MODEL_IN_BYTES, MODEL_OUT, MODEL_OUT_BYTES, MODEL_RUNS, MODEL_WORDS };

struct clock {
    uint32_t last;
    uint64_t ticks[MAX_ENTRIES];
};

static void observe(void *context, uint32_t entry)
{
    struct clock *clock = context;
    uint32_t now = SYST_CVR;
    clock->ticks[entry] += (clock->last - now) & TICK_MASK;
    clock->last = SYST_CVR;
}

static uint32_t words[MODEL_WORDS];
static struct clock clock;

static void fail(const char *why)
{
    report(why);
    host_exit(1);
}

static void read_model(void)
{
    int file = host_open("model.bin", HOST_READ);
    if (file < 0 || !host_read(file, words, sizeof(words)))
        fail("no model.bin here\n");
    if (words[MODEL_MEMORY] > MEMORY_BYTES || words[MODEL_ROM] > ROM_BYTES || words[MODEL_COUNT] > MAX_ENTRIES)
        fail("the model is too large\n");
    if (!host_read(file, rom, words[MODEL_ROM]) || !host_read(file, input, words[MODEL_IN_BYTES]) ||
        !host_read(file, expected, words[MODEL_OUT_BYTES]))
        fail("model.bin is broken\n");
}

static void print(uint64_t ticks)
{
    report_number((ticks * INSTRUCTIONS_PER_TICK + words[MODEL_RUNS] / 2) / words[MODEL_RUNS]);
    report("\n");
}

int main(void)
{
    read_model();
    struct kernels_space space = {.memory = memory, .memory_bytes = words[MODEL_MEMORY], .rom = rom, .rom_bytes = words[MODEL_ROM], .context = &clock};
    SYST_RVR = TICK_MASK;
    SYST_CSR = 5;
    uint64_t whole = 0;
    for (uint32_t run = 0; run < 2 * words[MODEL_RUNS]; run++) {
        memcpy(memory + words[MODEL_IN], input, words[MODEL_IN_BYTES]);
        /* Every other run is watched entry by entry. */
        space.observe = run % 2 == 0 ? NULL : observe;
        uint32_t start = clock.last = SYST_CVR;
        int32_t done = kernels_run(&space, 0, words[MODEL_PROGRAM], words[MODEL_COUNT]);
        uint32_t end = SYST_CVR;
        if (run % 2 == 0)
            whole += (start - end) & TICK_MASK;
        if (done != (int32_t)words[MODEL_COUNT])
            fail("the program was not done\n");
        if (memcmp(memory + words[MODEL_OUT], expected, words[MODEL_OUT_BYTES]) != 0)
            fail("the output differs\n");
    }
    for (uint32_t entry = 0; entry < words[MODEL_COUNT]; entry++)
        print(clock.ticks[entry]);
    print(whole);
    return 0;
}
