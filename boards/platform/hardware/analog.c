/* What the analog converters of all boards share. */
#include "analog.h"

#include "hardware.h"

#define CAPACITY 256u
#define RING_SAMPLES 1024u

static int16_t taken[CAPACITY], ring[RING_SAMPLES];

struct samples analog = {.on = analog_on, .ring = taken, .capacity = CAPACITY, .period_us = ANALOG_PERIOD_US};

const struct hal_sensor hardware_sensors[] = {{
    .name = "analog",
    .rate_millihertz = ANALOG_RATE_HZ * 1000u,
    .channels = 1,
    .ring_samples = RING_SAMPLES,
    .ring = ring,
    .start = samples_start,
    .produced = samples_produced,
    .read = samples_read,
    .context = &analog,
}};
const uint32_t hardware_sensor_count = 1;
