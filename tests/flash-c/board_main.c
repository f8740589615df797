/*
 * The sweep as a board's firmware, on flash in its RAM. Options: first, second: every how many operations the cuts
 * come; to: the number of the scenario after the last.
 */
#include "platform/hal.h"
#include "platform/emulated/host.h"
#include "platform/emulated/options.h"
#include "sweep.h"

/* "NAME: TEXT" with the numbers where the text has #. */
static void print(const char *name, const char *text, const uint32_t *numbers)
{
    struct reason line;
    reason_set_numbers(&line, "", text, numbers);
    host_print(name);
    host_print(": ");
    host_print(line.text);
    host_print("\n");
}

int main(void)
{
    hal_start();
    struct sweep sweep = {.page = SWEEP_PAGE, .write = BOARD_FLASH_WRITE};
    sweep.first_step = options_number("first", 1, UINT32_MAX, 1);
    sweep.second_step = options_number("second", 1, UINT32_MAX, 1);
    uint32_t to = options_number("to", 1, UINT32_MAX, UINT32_MAX);
    for (uint32_t i = 0; i < to && (sweep.scenario = scenario_at(i)) != NULL; i++) {
        struct sweep_result result;
        sweep_run(&sweep, &result);
        const char *name = scenario_name(sweep.scenario);
        if (result.failure != NULL) {
            const uint32_t cuts[] = {result.first_mode, result.first, result.second_mode, result.second};
            print(name, "failed: cut # at operation #, then # at #", cuts);
            host_fail(HOST_EXIT_BROKEN, result.failure, name);
        }
        print(name, "# operations, # runs", (const uint32_t[]){result.operations, result.runs});
    }
    host_exit(HOST_EXIT_DONE);
}
