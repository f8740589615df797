/* Names of traps. */
#include "trap.h"

#include <stddef.h>

const char *trap_name(enum trap trap)
{
    static const char *const names[] = {"none",   "memory",  "stack",    "fuel", "deadline", "unreachable",
                                        "divide", "integer", "indirect", "host", "other"};
    _Static_assert(sizeof names / sizeof names[0] == TRAP_OTHER + 1, "each trap has a name");
    return (size_t)trap < sizeof names / sizeof names[0] ? names[trap] : "other";
}
