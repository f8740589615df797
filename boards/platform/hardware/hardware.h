/* What a board of real hardware gives to hal.h's functions in node.c: its node flash, its sensors, noise. */
#ifndef MOTE_HARDWARE_H
#define MOTE_HARDWARE_H

#include "platform/hal.h"

extern const struct flash hardware_flash;

extern const struct hal_sensor hardware_sensors[];
extern const uint32_t hardware_sensor_count;

/* Random bits from the chip, waited for. */
uint32_t hardware_noise(void);

#endif
