/*
 * The memory protection unit: what the chip would have only if it were as small as its board says. Code and node flash can be read, RAM up
 * to its end written, devices reached; everything else faults, so also a stack that grows below RAM.
 */
#ifndef MOTE_PROTECT_H
#define MOTE_PROTECT_H

void protect_start(void);

#endif
