/* What node.c needs of a board on hardware besides chip.h: its node flash, its sensors, noise. */
#ifndef MOTE_HARDWARE_H
#define MOTE_HARDWARE_H

#include "platform/hal.h"

extern const struct flash hardware_flash;

extern const struct hal_sensor hardware_sensors[];
extern const uint32_t hardware_sensor_count;

/* Waits for random bits of the chip and returns them. */
uint32_t hardware_noise(void);

#endif
