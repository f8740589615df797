/*
 * One row of outputs of a depthwise convolution of 3x3, with SMLAD: what its channels and planes look like in memory.
 */
#ifndef MOTE_KERNELS_DEPTHWISE_ROW_H
#define MOTE_KERNELS_DEPTHWISE_ROW_H

#include "depthwise.h"

#define ROWS 3
/* Bytes of one row of a plane: 126 columns, as many as 4 planes of 3 rows have room for. */
#define PITCH 252
#define PLANE (ROWS * PITCH)
#define MAX_COLUMNS (PITCH / 2)

/* One channel. */
struct lane {
    /* Twice the weights of the kernel's rows as (first, second), (second, third); two rows again behind the third. */
    uint32_t rows[2 * (2 * ROWS - 1)];
    /* Twice the bias, for both outputs. */
    int32_t start[2];
    struct scale scale;
    uint32_t unused;
};

/* What a row is made of. */
struct row {
    const struct lane *lane;
    /* Bytes into lane->rows: which of the kernel's rows goes with the planes' first. */
    uint32_t turn;
    const uint8_t *planes;
    /* Bytes of a plane's row that are gone through. */
    uint32_t length;
    uint8_t *output;
    /* Bytes from one output to the next. */
    uint32_t step;
};

/* `pairs` x 2 outputs of four channels, `stride` (1 or 2) columns apart. */
void depthwise_row(struct row *row, int32_t stride, uint32_t pairs);

#endif
