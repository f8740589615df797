/* The sweep: what the flash holds after a first cut is kept, so that each second cut begins there. */
#include "sweep.h"

#include <string.h>

#define FLASH_BYTES (SCENARIO_PAGES * SWEEP_PAGE)
#define WRITTEN_BYTES (FLASH_BYTES / SWEEP_WRITE)

static uint8_t image[FLASH_BYTES];
static uint8_t written[WRITTEN_BYTES];
static uint32_t erases[SCENARIO_PAGES];
/*
 * What may wait for one sync: three erased pages of a slot, as many again after a fault, and what is programmed then.
 */
static uint8_t undo[8 * (SWEEP_PAGE + SWEEP_PAGE / SWEEP_WRITE + 64)];

/* What a node leaves when its power fails: its flash, and what was promised. */
struct state {
    uint8_t image[FLASH_BYTES];
    uint8_t written[WRITTEN_BYTES];
    struct promises promises;
};
static struct state before, between;
static struct world world;

static void save(struct state *state)
{
    memcpy(state->image, image, world.chip.flash.size);
    memcpy(state->written, written, world.chip.flash.size / world.chip.flash.write);
    state->promises = world.promises;
}

static void restore(const struct state *state)
{
    memcpy(image, state->image, world.chip.flash.size);
    memcpy(written, state->written, world.chip.flash.size / world.chip.flash.write);
    world.promises = state->promises;
}

/* Lives on until the end or the next cut: 0, CUT_POWER, or anything else when something is wrong. */
static int live(void)
{
    world.chip.operations = 0;
    int end = setjmp(world.chip.power);
    if (end == 0)
        scenario_live(&world);
    cut_flash_restart(&world.chip);
    return end;
}

static bool failed(int end, struct sweep_result *result)
{
    if (end != CUT_VIOLATION && end != SCENARIO_FAILED)
        return false;
    result->failure = end == CUT_VIOLATION ? world.chip.violation : world.failure;
    return true;
}

/* From `state`, with the power cut at an operation. */
static int live_with_cut(const struct state *state, uint32_t operation, enum cut_mode mode, uint32_t seed)
{
    restore(state);
    world.chip.random = seed;
    world.chip.operations = 0;
    cut_flash_plan(&world.chip, operation, mode);
    return live();
}

/* All second cuts after the first one. */
static bool cut_again(const struct sweep *sweep, struct sweep_result *result)
{
    save(&between);
    result->second = UINT32_MAX;
    result->runs++;
    if (failed(live(), result))
        return false;
    uint32_t operations = world.chip.operations;
    for (uint32_t second = result->runs % sweep->second_step; second < operations; second += sweep->second_step) {
        for (int mode = 0; mode < CUT_MODES; mode++) {
            result->second = second;
            result->second_mode = (enum cut_mode)mode;
            result->runs++;
            int end = live_with_cut(&between, second, result->second_mode, result->runs);
            if (failed(end, result) || (end == CUT_POWER && failed(live(), result)))
                return false;
        }
    }
    return true;
}

static int prepare(const struct sweep *sweep)
{
    world.chip.flash.page = sweep->page;
    world.chip.flash.write = sweep->write;
    world.chip.flash.size = SCENARIO_PAGES * sweep->page;
    world.chip.image = image;
    world.chip.written = written;
    world.chip.erases = erases;
    world.chip.undo = undo;
    world.chip.undo_size = sizeof undo;
    world.scenario = sweep->scenario;
    cut_flash_start(&world.chip);
    int end = setjmp(world.chip.power);
    if (end == 0)
        scenario_prepare(&world);
    return end;
}

void sweep_run(const struct sweep *sweep, struct sweep_result *result)
{
    *result = (struct sweep_result){.second = UINT32_MAX};
    if (failed(prepare(sweep), result))
        return;
    save(&before);
    if (failed(live(), result))
        return;
    result->operations = world.chip.operations;
    for (uint32_t first = 0; first < result->operations; first += sweep->first_step) {
        for (int mode = 0; mode < CUT_MODES; mode++) {
            result->first = first;
            result->first_mode = (enum cut_mode)mode;
            int end = live_with_cut(&before, first, result->first_mode, result->runs + 1);
            if (failed(end, result) || (end == CUT_POWER && !cut_again(sweep, result)))
                return;
            result->runs += end == 0;
        }
    }
    result->first = UINT32_MAX;
}
