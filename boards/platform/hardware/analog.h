/* Sensor `analog`: one input of the chip's converter, 0 to 4095, a thousand times a second. The board turns it on. */
#ifndef MOTE_ANALOG_H
#define MOTE_ANALOG_H

#include "samples.h"

#define ANALOG_RATE_HZ 1000u
#define ANALOG_PERIOD_US (1000000u / ANALOG_RATE_HZ)

/* Filled by the interrupt of the converter. */
extern struct samples analog;

/* Starts the converter and its interrupt. The first sample is due one period later. */
void analog_on(void);

#endif
