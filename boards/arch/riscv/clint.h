/*
 * The timer of RISC-V's core-local interruptor: one compare register for the deadlines of the clock and for the
 * watchdog.
 */
#ifndef MOTE_CLINT_H
#define MOTE_CLINT_H

/* Handles the timer's interrupt at `pc`. */
#include <stdint.h>

void clint_start(void);
void clint_interrupt(uint32_t pc);

#endif
