/*
 * A counter of microseconds that goes round after 2^32 and runs on while the processor sleeps, with an interrupt at a
 * count. The board gives these few lines; counter.c makes the clock of them.
 */
#ifndef MOTE_COUNTER_H
#define MOTE_COUNTER_H

#include <stdint.h>

uint32_t counter_now(void);

/* An interrupt when the counter reaches `at`. */
void counter_alarm(uint32_t at);
void counter_alarm_off(void);

#endif
