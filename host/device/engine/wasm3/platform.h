/* What the instance needs of the process that it runs in: a clock, the native stack of the thread, and memory. */
#ifndef MOTE_PLATFORM_H
#define MOTE_PLATFORM_H

#include "runtime/instance.h"

extern const struct instance_platform platform;

#endif
