/* Sensors that options define. */
#include "sensors.h"

#include <string.h>

#include "host.h"
#include "options.h"
#include "platform/bare/chip.h"
#include "platform/hal.h"
#include "sim_channel.h"

enum { SENSORS_MAX = 8, NAME_MAX = 64 };
#define RATE_MAX 1000000000u
#define CHANNELS_MAX 64u
#define RING_MAX (1u << 24)

struct source {
    uint64_t start_us;
    uint8_t index;
};

static struct hal_sensor sensors[SENSORS_MAX];
static struct source sources[SENSORS_MAX];
static uint32_t sensor_count;

static void start(const struct hal_sensor *sensor, uint64_t now_us)
{
    struct source *source = sensor->context;
    source->start_us = now_us;
}

/* floor(microseconds x rate / 10^9), in two parts, because the product for an hour at 1 MHz exceeds 64 bits. */
static uint64_t produced(const struct hal_sensor *sensor, uint64_t now_us)
{
    const struct source *source = sensor->context;
    uint64_t us = now_us - source->start_us;
    return us / 1000000000u * sensor->rate_millihertz + us % 1000000000u * sensor->rate_millihertz / 1000000000u;
}

static void read(const struct hal_sensor *sensor, uint64_t first, uint32_t count, int16_t *out)
{
    const struct source *source = sensor->context;
    if (sim_channel_open())
        sim_channel_samples(source->index, first, count, sensor->channels, out);
    else
        memset(out, 0, (size_t)count * sensor->channels * sizeof *out);
}

/* The name stays in place in the option, which ends behind it from then on. */
static void parse(char *text, uint32_t index)
{
    struct hal_sensor *sensor = &sensors[index];
    struct source *source = &sources[index];
    char *colon = strchr(text, ':');
    size_t length = colon != NULL ? (size_t)(colon - text) : 0;
    const char *at = text + length + 1;
    uint32_t channels = 0;
    bool right = length >= 1 && length <= NAME_MAX && options_digits(&at, RATE_MAX, &sensor->rate_millihertz) &&
                 *at++ == ':' && options_digits(&at, CHANNELS_MAX, &channels) && *at++ == ':' &&
                 options_digits(&at, RING_MAX, &sensor->ring_samples) && *at == 0;
    if (!right || sensor->rate_millihertz == 0 || channels == 0 || sensor->ring_samples == 0)
        host_fail(HOST_EXIT_OPTIONS, "not NAME:RATE_MILLIHZ:CHANNELS:RING_SAMPLES", text);
    source->index = (uint8_t)index;
    sensor->name = text;
    sensor->channels = (uint8_t)channels;
    uint64_t bytes = (uint64_t)sensor->ring_samples * channels * sizeof *sensor->ring;
    sensor->ring = bytes <= UINT32_MAX ? chip_take((uint32_t)bytes) : NULL;
    if (sensor->ring == NULL)
        host_fail(HOST_EXIT_OPTIONS, "no memory for so large a ring", text);
    sensor->start = start;
    sensor->produced = produced;
    sensor->read = read;
    sensor->context = source;
    *colon = 0;
}

void sensors_start(void)
{
    char *text;
    while ((text = options_value("sensor", sensor_count)) != NULL) {
        if (sensor_count == SENSORS_MAX)
            host_fail(HOST_EXIT_OPTIONS, "more than 8 sensors", "sensor");
        parse(text, sensor_count);
        sensor_count++;
    }
}

const struct hal_sensor *hal_sensors(uint32_t *count)
{
    *count = sensor_count;
    return sensors;
}
