/*
 * Samples between an interrupt and the agent: a ring that drops the oldest ones. The board calls samples_put in the
 * interrupt of its converter. The functions of a hal_sensor are here.
 */
#ifndef MOTE_SAMPLES_H
#define MOTE_SAMPLES_H

#include "platform/hal.h"

struct samples {
    /* Starts the converter and its interrupt. */
    void (*on)(void);
    int16_t *ring;
    /* A power of two. */
    uint32_t capacity;
    /* For samples_due: the period of a sample, and the counter when the last one was due. */
    uint32_t period_us;
    uint32_t due_us;
    /* Samples since the start. */
    volatile uint64_t taken;
};

void samples_put(struct samples *samples, const int16_t *values, uint32_t count);

/* Adds zeros for samples that were not taken. */
void samples_lost(struct samples *samples, uint32_t count);

/*
 * As samples_put, for a converter that shares the counter's clock and went on while flash operations stopped the
 * processor: further samples that were due by `now_us` count as lost.
 */
void samples_due(struct samples *samples, const int16_t *values, uint32_t count, uint32_t now_us);

/* For a hal_sensor with one channel whose context is a struct samples. */
void samples_start(const struct hal_sensor *sensor, uint64_t now_us);
uint64_t samples_produced(const struct hal_sensor *sensor, uint64_t now_us);
void samples_read(const struct hal_sensor *sensor, uint64_t first, uint32_t count, int16_t *out);

#endif
