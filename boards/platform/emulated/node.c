/*
 * hal.h on an emulated board. The flash is a file, and options define the sensors. Clock and link are those of the
 * chip, or, with clock=virtual, those of a simulator: time then stands while the node works, and advances as far as the
 * simulator permits while it sleeps.
 */
#include <string.h>

#include "host.h"
#include "nor.h"
#include "options.h"
#include "platform/bare/chip.h"
#include "platform/hal.h"
#include "sensors.h"
#include "sim_channel.h"

static uint32_t random_state;
static bool virtual_clock;
static uint64_t virtual_now_us, virtual_asleep_us;

/* Follows from option `seed` and the number of the start, or comes from the host. */
static uint32_t random_seed(void)
{
    if (hal_option("seed") != NULL)
        return options_number("seed", 0, UINT32_MAX, 0) ^ chip_starts() * 2654435761u;
    uint32_t seed = 0;
    int file = host_open("/dev/urandom", HOST_READ);
    if (file < 0 || !host_read(file, &seed, sizeof seed))
        host_fail(HOST_EXIT_OPTIONS, "the host has no /dev/urandom: give a seed", "seed");
    host_close(file);
    return seed;
}

void hal_start(void)
{
    chip_start();
    options_start();
    const char *folder = hal_option("dir");
    if (folder == NULL)
        folder = ".";
    virtual_clock = options_choice("clock", "real", "virtual");
    random_state = random_seed();
    if (random_state == 0)
        random_state = 1;
    nor_start(folder);
    sensors_start();
    if (options_choice("side", "0", "1"))
        sim_channel_start(folder);
    else if (virtual_clock)
        host_fail(HOST_EXIT_OPTIONS, "virtual needs side=1, since the simulator says how time goes on", "clock");
}

uint64_t hal_now_us(void)
{
    return virtual_clock ? virtual_now_us : chip_now_us();
}

uint64_t hal_work_us(void)
{
    return chip_now_us();
}

void hal_sleep_until(uint64_t until_us)
{
    if (!virtual_clock) {
        chip_sleep_until(until_us);
    } else if (until_us > virtual_now_us && !sim_channel_link_waits()) {
        uint64_t then_us = sim_channel_idle(virtual_now_us, until_us, chip_now_us());
        virtual_asleep_us += then_us - virtual_now_us;
        virtual_now_us = then_us;
    }
}

uint64_t hal_asleep_us(void)
{
    return virtual_clock ? virtual_asleep_us : chip_asleep_us();
}

size_t hal_link_read(uint8_t *bytes, size_t count)
{
    return virtual_clock ? sim_channel_link_read(bytes, count) : chip_link_read(bytes, count);
}

size_t hal_link_write(const uint8_t *bytes, size_t count)
{
    if (!virtual_clock)
        return chip_link_write(bytes, count);
    if (count > 0)
        sim_channel_link_write(bytes, count);
    return count;
}

const struct flash *hal_flash(void)
{
    return &nor_flash;
}

/* Marsaglia's xorshift32, for session numbers and seeds, not for secrets. */
uint32_t hal_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

bool hal_traces(void)
{
    return sim_channel_open();
}

void hal_trace(const char *name, size_t name_len, const uint8_t *data, size_t count)
{
    if (sim_channel_open())
        sim_channel_trace(name, name_len, data, count);
}
