/* The end of a node that can not go on. */
#ifndef MOTE_PANIC_H
#define MOTE_PANIC_H

/* The flash has failed, so that nothing can be stored. Reports `what` to a debugger and restarts the node. */
_Noreturn void panic(const char *what);

#endif
