/*
 * A sensor as the agent has it: a ring of samples that fills by the clock, whether anybody reads or not, and an account
 * of every sample: produced = read + lost + waiting. The same as host/device/node/sensor.ts.
 */
#ifndef MOTE_SENSOR_H
#define MOTE_SENSOR_H

#include "base/bytes.h"
#include "platform/hal.h"

struct sensor {
    const struct hal_sensor *driver;
    bool opened;
    uint64_t start_us;
    uint64_t produced;
    uint64_t read;
    uint64_t lost;
};

/* Returns the number of the sensor of that name, or -1. */
int sensor_find(const struct sensor *sensors, uint32_t count, struct span name);

void sensor_init(struct sensor *sensor, const struct hal_sensor *driver);

/* Sampling starts at the first opening and never stops: the first sample comes one period later. */
void sensor_open(struct sensor *sensor, uint64_t now_us);

uint32_t sensor_available(struct sensor *sensor, uint64_t now_us);
uint64_t sensor_lost(struct sensor *sensor, uint64_t now_us);

/* Time of the oldest waiting sample, or of the next to come. */
uint64_t sensor_time_us(struct sensor *sensor, uint64_t now_us);

/* Takes `count` of the oldest samples, which must be waiting, into `out` as little-endian bytes. */
void sensor_take(struct sensor *sensor, uint32_t count, uint8_t *out);

/*
 * How many of the last samples the ring holds, read or not, at most `most`; `*first` is the number of the first of
 * them.
 */
uint32_t sensor_history(struct sensor *sensor, uint64_t now_us, uint32_t most, uint64_t *first);
/* Copies such samples as little-endian bytes. */
void sensor_copy(const struct sensor *sensor, uint64_t first, uint32_t count, uint8_t *out);

/* Samples due in `elapsed_us` at a rate, and the time after the start at which sample `index` is there. */
uint64_t sensor_due(uint64_t elapsed_us, uint32_t rate_millihertz);
uint64_t sensor_due_us(uint64_t index, uint32_t rate_millihertz);

#endif
