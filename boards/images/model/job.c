/* Reads the job of a model run. */
#include "job.h"

#include "base/bytes.h"
#include "platform/emulated/host.h"

static uint32_t word(int file)
{
    uint8_t bytes[4];
    if (!host_read(file, bytes, sizeof bytes))
        host_fail(HOST_EXIT_BROKEN, "is cut short", "job.bin");
    return get_u32(bytes);
}

static uint32_t sizes(int file, uint32_t *bytes)
{
    const uint32_t count = word(file);
    if (count > JOB_ENDS)
        host_fail(HOST_EXIT_BROKEN, "has more inputs or outputs than 8", "job.bin");
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = word(file);
    return count;
}

void job_read(int file, struct job *job)
{
    job->memory_bytes = word(file);
    job->stack_bytes = word(file);
    job->entries = word(file);
    job->apart = word(file);
    job->runs = word(file);
    job->input_count = sizes(file, job->input_bytes);
    job->output_count = sizes(file, job->output_bytes);
}
