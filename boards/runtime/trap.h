/* Why a module was stopped: a fault of its own, or a limit that it reached. */
#ifndef MOTE_TRAP_H
#define MOTE_TRAP_H

/* In the order of TrapKind in host/device/engine/engine.ts. */
enum trap {
    TRAP_NONE = 0,
    TRAP_MEMORY,
    TRAP_STACK,
    TRAP_FUEL,
    TRAP_DEADLINE,
    TRAP_UNREACHABLE,
    TRAP_DIVIDE,
    TRAP_INTEGER,
    TRAP_INDIRECT,
    TRAP_HOST,
    TRAP_OTHER,
};

/* Returns the kind in lower case, such as `memory`; `none` for TRAP_NONE. */
const char *trap_name(enum trap trap);

#endif
