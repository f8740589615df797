/* The chip's watchdogs: of several, the agent has one. */
#ifndef MOTE_WATCHDOG_H
#define MOTE_WATCHDOG_H

#include <stdint.h>

/* Stops those that the boot ROM leaves running. Says whether one of them was why the chip started. */
void watchdog_quiet(void);
void watchdog_note_reset(void);

/* The agent's has expired, at `pc`. */
void watchdog_interrupt(uint32_t pc);

#endif
