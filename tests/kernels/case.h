/*
 * One case of cases.bin: a memory and a rom, what to call, and what must come out. All numbers are little-endian 32-bit
 * words.
 */
#ifndef CASE_H
#define CASE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/kernels.h"

/* Kinds beside the operators of abi.h. */
enum { CASE_REAL_FFT = 100, CASE_FILTER_BANK = 101 };

/* The longest case, and the largest memory and rom: they must fit the smallest board. */
#define CASE_WORDS 2048
#define CASE_MEMORY_BYTES 16384
#define CASE_ROM_BYTES 16384

struct test_case {
    uint32_t words[CASE_WORDS];
    uint32_t kind;
    uint32_t memory_bytes;
    uint32_t rom_bytes;
    uint32_t arguments[6];
    /* Memory that the case writes, and its checksum afterwards; scratch, that may have any value. */
    uint32_t output, output_bytes, crc;
    uint32_t scratch, scratch_bytes;
    /* What memory and rom hold: pieces filled with random numbers, then pieces given word by word. */
    const uint32_t *fills;
    uint32_t fill_count;
    const uint32_t *patches;
    uint32_t patch_count;
    /* Rom offset of the record and of the entry that names it, for those who want to spoil them. */
    uint32_t record, record_words, program;
};

/* Reads the next case of a file. Returns false if there is none. Ends the program if the file is damaged. */
bool case_read(int file, struct test_case *test);

/* Memory and rom of the case. On a board the same ones each time, elsewhere of exactly that size. */
struct kernels_space case_space(const struct test_case *test);
void case_free(struct kernels_space *space);

/* Returns whether memory outside output and scratch is unchanged; on a board only near the output. */
bool case_untouched(const struct test_case *test, const struct kernels_space *space);

#endif
