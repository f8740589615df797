/*
 * The sweep on this machine. Usage: sweep PAGE WRITE FIRST_STEP SECOND_STEP FROM TO: a step of 1 is every operation,
 * FROM and TO are the numbers of the first scenario and of the one after the last.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sweep.h"

static const char *const modes[CUT_MODES] = {"before", "middle", "after", "unsynced", "reordered", "fault"};

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: sweep PAGE WRITE FIRST_STEP SECOND_STEP FROM TO\n");
        return 2;
    }
    uint32_t number[6];
    for (int i = 0; i < 6; i++)
        number[i] = (uint32_t)atoi(argv[i + 1]);
    for (uint32_t i = number[4]; i < number[5] && scenario_at(i) != NULL; i++) {
        const struct sweep sweep = {scenario_at(i), number[0], number[1], number[2], number[3]};
        struct sweep_result result;
        sweep_run(&sweep, &result);
        const char *name = scenario_name(sweep.scenario);
        if (result.failure != NULL) {
            printf("%s: %s: cut %s operation %u, then %s %d\n", name, result.failure, modes[result.first_mode],
                   result.first, modes[result.second_mode], (int)result.second);
            return 1;
        }
        printf("%s: %u operations, %u runs\n", name, result.operations, result.runs);
    }
    return 0;
}
