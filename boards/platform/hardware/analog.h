/* Sensor `analog`: one input of the chip's converter, 0 to 4095, a thousand times a second. The board turns it on. */
#ifndef MOTE_ANALOG_H
#define MOTE_ANALOG_H

#include "samples.h"

#define ANALOG_RATE_HZ 1000u
#define ANALOG_PERIOD_US (1000000u / ANALOG_RATE_HZ)

/* Where the converter's interrupt puts them. */
extern struct samples analog;

/* Starts the converter and its interrupt; the first sample comes one period later. */
void analog_on(void);

#endif
