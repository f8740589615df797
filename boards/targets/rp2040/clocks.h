/*
 * The clock tree: processor and UART at 125 MHz, converter at 48 MHz, a tick of a microsecond for timer and watchdog.
 */
#ifndef MOTE_CLOCKS_H
#define MOTE_CLOCKS_H

void clocks_start(void);

#endif
