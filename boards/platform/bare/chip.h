/*
 * What a chip's own code gives to the board's code beside what hal.h asks for: the real clock and the real link, which an emulated
 * board may replace by a simulator's.
 */
#ifndef MOTE_CHIP_H
#define MOTE_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Clock, link and interrupts run after this. */
void chip_start(void);

/* Monotonic microseconds since chip_start. */
uint64_t chip_now_us(void);

/* As hal_sleep_until. */
void chip_sleep_until(uint64_t until_us);
uint64_t chip_asleep_us(void);

/* As hal_link_read and hal_link_write. */
size_t chip_link_read(uint8_t *bytes, size_t count);
size_t chip_link_write(const uint8_t *bytes, size_t count);

/* While true, the watchdog doesn't expire: for a call of the host that may take long, in which the processor's clocks go on. */
void chip_watchdog_hold(bool hold);

/* Starts since power came on, this one included. */
uint32_t chip_starts(void);

/* Memory that is nobody's yet, taken from the module heap before the first hal_module_heap; aligned to 8. NULL: not so much is left. */
void *chip_take(uint32_t bytes);

#endif
