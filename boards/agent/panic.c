/* Restarts a node whose flash has failed. */
#include "panic.h"

#include "base/constants.h"
#include "base/text.h"
#include "platform/hal.h"

void panic(const struct reason *why)
{
    char space[48];
    struct text text = text_in(space, sizeof space);
    text_add(&text, "the flash failed: reason ");
    text_add_unsigned(&text, why->number);
    hal_trace(text.at, text.length, NULL, 0);
    /* Each start writes to the flash: wait for the watchdog, so that a worn flash is not worn further at once. */
    hal_watchdog_start(AGENT_WATCHDOG_MS);
    for (;;)
        hal_sleep_until(UINT64_MAX);
}
