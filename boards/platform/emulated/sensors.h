/*
 * Sensors of an emulated board: sensor=NAME:RATE_MILLIHZ:CHANNELS:RING_SAMPLES. Their samples come from the simulator
 * channel, or are zeros without one.
 */
#ifndef MOTE_SENSORS_H
#define MOTE_SENSORS_H

/* Reads the options and takes memory for the rings. */
void sensors_start(void);

#endif
