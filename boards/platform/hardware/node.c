/* hal.h on hardware: clock, link, flash and sensors are those of the chip. There are no traces and no options. */
#include "hardware.h"
#include "platform/bare/chip.h"
#include "platform/hal.h"

static uint32_t random_state;

void hal_start(void)
{
    chip_start();
    random_state = hardware_noise();
    if (random_state == 0)
        random_state = 1;
}

uint64_t hal_now_us(void)
{
    return chip_now_us();
}

uint64_t hal_work_us(void)
{
    return chip_now_us();
}

void hal_sleep_until(uint64_t until_us)
{
    chip_sleep_until(until_us);
}

uint64_t hal_asleep_us(void)
{
    return chip_asleep_us();
}

size_t hal_link_read(uint8_t *bytes, size_t count)
{
    return chip_link_read(bytes, count);
}

size_t hal_link_write(const uint8_t *bytes, size_t count)
{
    return chip_link_write(bytes, count);
}

const struct flash *hal_flash(void)
{
    return &hardware_flash;
}

const struct hal_sensor *hal_sensors(uint32_t *count)
{
    *count = hardware_sensor_count;
    return hardware_sensors;
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
    return false;
}

void hal_trace(const char *name, size_t name_len, const uint8_t *data, size_t count)
{
    (void)name;
    (void)name_len;
    (void)data;
    (void)count;
}

const char *hal_option(const char *name)
{
    (void)name;
    return NULL;
}
