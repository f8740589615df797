/* What a run of a model needs, from the file `job.bin` that host/toolchain/board/model-image.ts writes: words, little-endian, then the inputs. */
#ifndef MOTE_JOB_H
#define MOTE_JOB_H

#include <stdint.h>

/* Inputs or outputs of a model. */
#define JOB_ENDS 8

struct job {
    /* Of the module: linear memory, and the interpreter's stack. */
    uint32_t memory_bytes;
    uint32_t stack_bytes;
    /* Operators of the model's program. */
    uint32_t entries;
    /* Whether it runs once more, to see the operators apart. */
    uint32_t apart;
    /* How often it runs, each time with inputs of its own. */
    uint32_t runs;
    uint32_t input_count;
    uint32_t input_bytes[JOB_ENDS];
    uint32_t output_count;
    uint32_t output_bytes[JOB_ENDS];
};

/* Reads the words of the open file and leaves it at the first input; ends the image when they make no sense. */
void job_read(int file, struct job *job);

#endif
