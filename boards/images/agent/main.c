/* The agent's loop: does what is due, then sleeps until something is. */
#include "platform/hal.h"
#include "agent/agent.h"

static struct agent agent;

int main(void)
{
    hal_start();
    hal_watchdog_start(AGENT_WATCHDOG_MS);
    agent_start(&agent);
    for (;;) {
        while (agent_turn(&agent))
            hal_watchdog_feed();
        hal_watchdog_feed();
        hal_sleep_until(agent_next_us(&agent));
    }
}
