/* Imports for time, random numbers, log lines, metrics, events and messages. */
#ifndef MOTE_IMPORTS_IO_H
#define MOTE_IMPORTS_IO_H

#include "import.h"

IMPORT(time_now);
IMPORT(time_utc);
IMPORT(random);
IMPORT(log);
IMPORT(tap);
IMPORT(metric);
IMPORT(publish);
IMPORT(event);
IMPORT(subscribe);
IMPORT(message_read);

#endif
