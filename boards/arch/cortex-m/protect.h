/*
 * The memory protection unit, set up so that a chip is as small as its board.json declares. Code and node flash are
 * readable, RAM up to its end is writable, devices are accessible. Everything else faults, also a stack that grows
 * below RAM.
 */
#ifndef MOTE_PROTECT_H
#define MOTE_PROTECT_H

void protect_start(void);

#endif
