/*
 * A sensor of the agent: a ring of samples that fills with time, and counts of all samples: produced = read + lost +
 * waiting. The TypeScript twin is host/device/node/sensor.ts.
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

/* Starts sampling at the first call. Sampling never stops; the first sample is due one period later. */
void sensor_open(struct sensor *sensor, uint64_t now_us);

uint32_t sensor_available(struct sensor *sensor, uint64_t now_us);
uint64_t sensor_lost(struct sensor *sensor, uint64_t now_us);

/* Returns the time of the oldest waiting sample, or of the next one. */
uint64_t sensor_time_us(struct sensor *sensor, uint64_t now_us);

/* Copies the `count` oldest samples, which must be waiting, to `out` as little-endian bytes, and marks them as read. */
void sensor_take(struct sensor *sensor, uint32_t count, uint8_t *out);

/*
 * Returns how many of the last samples the ring holds, read or not, at most `most`. `*first` is the number of the first
 * one.
 */
uint32_t sensor_history(struct sensor *sensor, uint64_t now_us, uint32_t most, uint64_t *first);
/* Copies these samples as little-endian bytes. */
void sensor_copy(const struct sensor *sensor, uint64_t first, uint32_t count, uint8_t *out);

/* The number of samples due in `elapsed_us`, and the time after the start at which sample `index` is due. */
uint64_t sensor_due(uint64_t elapsed_us, uint32_t rate_millihertz);
uint64_t sensor_due_us(uint64_t index, uint32_t rate_millihertz);

#endif
