/* Imports for sensors. */
#ifndef MOTE_IMPORTS_SENSOR_H
#define MOTE_IMPORTS_SENSOR_H

#include "import.h"

IMPORT(sensor_open);
IMPORT(sensor_rate);
IMPORT(sensor_frame_bytes);
IMPORT(sensor_available);
IMPORT(sensor_read);
IMPORT(sensor_time);
IMPORT(sensor_lost);

#endif
