/*
 * Samples that an interrupt takes, until the agent reads them: a ring that forgets the oldest. The board calls
 * samples_put in the converter's interrupt; hal.h's functions of a sensor are here.
 */
#ifndef MOTE_SAMPLES_H
#define MOTE_SAMPLES_H

#include "platform/hal.h"

struct samples {
    /* Turns the converter on; from then on the interrupt comes. */
    void (*on)(void);
    int16_t *ring;
    /* A power of two. */
    uint32_t capacity;
    /* For samples_due: of a sample, and of the counter when the last one was due. */
    uint32_t period_us;
    uint32_t due_us;
    /* Since the start. */
    volatile uint64_t taken;
};

void samples_put(struct samples *samples, const int16_t *values, uint32_t count);

/* Samples that came while nobody could take them: zeros. */
void samples_lost(struct samples *samples, uint32_t count);

/*
 * As samples_put for a converter whose clock is the counter's, and which went on while the processor stood still for
 * the flash: more samples that were due by `now_us` are lost.
 */
void samples_due(struct samples *samples, const int16_t *values, uint32_t count, uint32_t now_us);

/* For a hal_sensor of one channel whose context is a struct samples. */
void samples_start(const struct hal_sensor *sensor, uint64_t now_us);
uint64_t samples_produced(const struct hal_sensor *sensor, uint64_t now_us);
void samples_read(const struct hal_sensor *sensor, uint64_t first, uint32_t count, int16_t *out);

#endif
