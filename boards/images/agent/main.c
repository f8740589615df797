/* The main loop of the agent: do what is due, then sleep until something is. */
#include "agent/agent.h"
#include "platform/hal.h"

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
