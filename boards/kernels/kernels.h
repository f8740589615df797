/*
 * Native kernels: the operators of assembly/nn and two of assembly/dsp in C, for the imports `nn_run`, `nn_real_fft`
 * and `nn_filter_bank`. They read the same records and weights in place and write the same bytes to the output as the
 * portable kernels. Whatever a record contains, nothing outside the given memory and rom is accessed. All kernels share
 * one static scratch memory (4 KiB), so only one call may run at a time.
 */
#ifndef MOTE_KERNELS_H
#define MOTE_KERNELS_H

#include <stdint.h>

/* What a module can access. */
struct kernels_space {
    /* The module's linear memory, aligned to 8. */
    uint8_t *memory;
    uint32_t memory_bytes;
    /* Its rom in place, aligned to 16. */
    const uint8_t *rom;
    uint32_t rom_bytes;
    /* Called after each finished entry with its number, counted from the start of the program. NULL for none. */
    void (*observe)(void *context, uint32_t entry);
    void *context;
};

/* A record reaches outside memory or rom: the module traps. */
#define KERNELS_FAULT (-1)

/*
 * After about this many multiply-accumulates a call returns although it could go on, so that its caller can check the
 * time.
 */
#define KERNELS_CALL_WORK (1u << 25)

/*
 * Runs the entries of the program at rom offset `program` (`count` x {u32 operator, u32 rom offset of its record}) on
 * the arena at memory offset `arena`, starting with the first one. Returns the number of finished entries, 0 to
 * `count`, or KERNELS_FAULT. It stops early before an entry that only the portable kernel supports (0 if it is the
 * first), and after much work.
 */
int32_t kernels_run(const struct kernels_space *space, uint32_t arena, uint32_t program, uint32_t count);

/*
 * `realFft` of assembly/dsp/fft.ts and `filterBank` of filter_bank.ts; pointers are memory offsets. Return 1 if done, 0
 * to use the portable code, or KERNELS_FAULT.
 */
int32_t kernels_real_fft(const struct kernels_space *space, uint32_t src, uint32_t dst, uint32_t twiddles,
                         int32_t points);
int32_t kernels_filter_bank(const struct kernels_space *space, uint32_t energy, uint32_t edges, uint32_t weights,
                            int32_t channels, int32_t shift, uint32_t dst);

#endif
