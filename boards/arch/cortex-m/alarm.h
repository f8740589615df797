/* An interrupt after 1 to 2^24 ticks of the processor, from a timer of the board; and the clock from SysTick. */
#ifndef MOTE_ALARM_H
#define MOTE_ALARM_H

#include <stdint.h>

void clock_start(void);

void alarm_set(uint32_t ticks);
void alarm_clear(void);

#endif
