/* Why a module was stopped: a fault of its own, or a bound that it ran into. */
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

/* Its kind in lower case, `memory` and so on; `none` for TRAP_NONE. */
const char *trap_name(enum trap trap);

#endif
