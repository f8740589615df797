/*
 * What the code of a chip provides besides hal.h: the real clock and the real link, which an emulated board may replace
 * by those of a simulator.
 */
#ifndef MOTE_CHIP_H
#define MOTE_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts clock, link and interrupts. */
void chip_start(void);

/* Returns monotonic microseconds since chip_start. */
uint64_t chip_now_us(void);

/* As hal_sleep_until. */
void chip_sleep_until(uint64_t until_us);
uint64_t chip_asleep_us(void);

/* As hal_link_read and hal_link_write. */
size_t chip_link_read(uint8_t *bytes, size_t count);
size_t chip_link_write(const uint8_t *bytes, size_t count);

/*
 * Pauses the watchdog while `hold` is true: for a call of the host that may take long while the processor's clocks go
 * on.
 */
void chip_watchdog_hold(bool hold);

/* Returns the number of starts since power on, with this one. */
uint32_t chip_starts(void);

/*
 * Takes memory from the module heap before the first hal_module_heap; aligned to 8. Returns NULL if there is not
 * enough.
 */
void *chip_take(uint32_t bytes);

#endif
