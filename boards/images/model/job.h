/*
 * The job of a model run, from the file `job.bin` that host/toolchain/board/model.ts writes: words, little-endian, then
 * the inputs.
 */
#ifndef MOTE_JOB_H
#define MOTE_JOB_H

#include <stdint.h>

/* Inputs or outputs of a model. */
#define JOB_ENDS 8

struct job {
    /* Bytes of the module's linear memory and of the interpreter's stack. */
    uint32_t memory_bytes;
    uint32_t stack_bytes;
    /* Operators of the model's program. */
    uint32_t entries;
    /* Whether to run once more, to measure each operator. */
    uint32_t apart;
    /* Number of runs, each with its own inputs. */
    uint32_t runs;
    uint32_t input_count;
    uint32_t input_bytes[JOB_ENDS];
    uint32_t output_count;
    uint32_t output_bytes[JOB_ENDS];
};

/* Reads the words of the open file and stops at the first input. Ends the image if the words are invalid. */
void job_read(int file, struct job *job);

#endif
