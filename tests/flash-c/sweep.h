/*
 * Cuts the power of a scenario at each operation of its flash, in each way, and once more at each operation of what
 * follows.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "scenario.h"

/* The largest page, 512 times a whole number, and the smallest write that there is memory for. */
#ifndef SWEEP_PAGE
#define SWEEP_PAGE 2048
#endif
#define SWEEP_WRITE 4

struct sweep {
    const struct scenario *scenario;
    uint32_t page;
    uint32_t write;
    /* Every how many operations the first and the second cut come; 1: at each. */
    uint32_t first_step;
    uint32_t second_step;
};

struct sweep_result {
    /* Operations of the scenario when nothing is cut. */
    uint32_t operations;
    /* Lives with one or two cuts. */
    uint32_t runs;
    /* NULL: all is well. Else what failed, and at which cuts; `second` is UINT32_MAX for a first cut alone. */
    const char *failure;
    uint32_t first, second;
    enum cut_mode first_mode, second_mode;
};

void sweep_run(const struct sweep *sweep, struct sweep_result *result);

#endif
