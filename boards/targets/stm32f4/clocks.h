/* The clock tree: the processor at 168 MHz, APB2 and the timers of APB1 at half of it; clocks of what board.c uses. */
#ifndef MOTE_CLOCKS_H
#define MOTE_CLOCKS_H

void clocks_start(void);

#endif
