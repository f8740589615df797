/* Sensors of an emulated board: sensor=NAME:RATE_MILLIHZ:CHANNELS:RING_SAMPLES, samples from the simulator channel (zeros without one). */
#ifndef MOTE_SENSORS_H
#define MOTE_SENSORS_H

/* Reads the options and takes the rings' memory. */
void sensors_start(void);

#endif
