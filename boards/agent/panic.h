/* The end of a node that can not go on. */
#ifndef MOTE_PANIC_H
#define MOTE_PANIC_H

#include "base/reason.h"

/* The flash has failed, so that nothing can be stored. Reports why to a debugger and restarts the node. */
_Noreturn void panic(const struct reason *why);

#endif
