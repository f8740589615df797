/*
 * A 32-bit counter of microseconds that goes on while the processor sleeps, with an interrupt at a count. The board
 * implements these functions; counter.c makes the clock from them.
 */
#ifndef MOTE_COUNTER_H
#define MOTE_COUNTER_H

#include <stdint.h>

uint32_t counter_now(void);

/* Requests an interrupt when the counter reaches `at`. */
void counter_alarm(uint32_t at);
void counter_alarm_off(void);

#endif
