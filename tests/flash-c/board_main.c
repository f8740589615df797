/*
 * The sweep as a board's firmware, on flash in its RAM. Options: first, second: every how many operations the cuts
 * come; to: the number of the scenario after the last.
 */
#include "base/text.h"
#include "platform/emulated/host.h"
#include "platform/emulated/options.h"
#include "platform/hal.h"
#include "sweep.h"

/* "NAME: TEXT" with the numbers where the text has #. */
static void print(const char *name, const char *text, const uint32_t *numbers)
{
    char line[160];
    struct text out = text_in(line, sizeof line - 1);
    for (; *text != 0; text++) {
        if (*text == '#')
            text_add_unsigned(&out, *numbers++);
        else
            text_add_bytes(&out, text, 1);
    }
    line[out.length] = 0;
    host_print(name);
    host_print(": ");
    host_print(line);
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
