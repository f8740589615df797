/* Restarts a node whose flash has failed. */
#include "panic.h"

#include <string.h>

#include "base/constants.h"
#include "platform/hal.h"

void panic(const char *what)
{
    hal_trace(what, strlen(what), NULL, 0);
    /* Each start writes to the flash: wait for the watchdog, so that a worn flash is not worn further at once. */
    hal_watchdog_start(AGENT_WATCHDOG_MS);
    for (;;)
        hal_sleep_until(UINT64_MAX);
}
