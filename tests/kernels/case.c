/* Reads cases and makes their memory. */
#include "case.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "platform/emulated/host.h"

enum { FILL_SPACE, FILL_OFFSET, FILL_BYTES, FILL_MODE, FILL_SEED, FILL_WORDS };
enum { PATCH_SPACE, PATCH_OFFSET, PATCH_WORDS, PATCH_DATA };
enum { IN_MEMORY, IN_ROM };
/* Any bytes, or only the extremes and 0. */
enum { FILL_RANDOM, FILL_EXTREME };

static uint32_t next_random(uint32_t x)
{
    x ^= x << 13;
    x ^= x >> 17;
    return x ^ x << 5;
}

static void fill(uint8_t *bytes, uint32_t count, uint32_t mode, uint32_t seed)
{
    static const uint8_t extremes[] = {0x80, 0x7f, 0x80, 0x7f, 0x81, 0x00, 0x80, 0x7f};
    uint32_t x = seed | 1;
    for (uint32_t i = 0; i < count; i++) {
        if ((i & 3) == 0)
            x = next_random(x);
        uint8_t byte = (uint8_t)(x >> (8 * (i & 3)));
        bytes[i] = mode == FILL_RANDOM ? byte : extremes[byte & 7];
    }
}

bool case_read(int file, struct test_case *test)
{
    uint8_t size[4];
    if (!host_read(file, size, sizeof(size)))
        return false;
    uint32_t count = get_u32(size);
    if (count == 0)
        return false;
    if (count > CASE_WORDS || !host_read(file, test->words, 4 * count)) {
        host_print("cases.bin is broken\n");
        host_exit(2);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint8_t bytes[4];
        memcpy(bytes, &test->words[i], 4);
        test->words[i] = get_u32(bytes);
    }
    const uint32_t *word = test->words;
    test->kind = *word++;
    test->memory_bytes = *word++;
    test->rom_bytes = *word++;
    for (uint32_t i = 0; i < 6; i++)
        test->arguments[i] = *word++;
    test->output = *word++;
    test->output_bytes = *word++;
    test->crc = *word++;
    test->scratch = *word++;
    test->scratch_bytes = *word++;
    test->record = *word++;
    test->record_words = *word++;
    test->program = *word++;
    test->fill_count = *word++;
    test->fills = word;
    word += test->fill_count * FILL_WORDS;
    test->patch_count = *word++;
    test->patches = word;
    return true;
}

static void prepare(const struct test_case *test, uint8_t *memory, uint8_t *rom)
{
    const uint32_t *at = test->fills;
    for (uint32_t i = 0; i < test->fill_count; i++, at += FILL_WORDS)
        fill((at[FILL_SPACE] == IN_ROM ? rom : memory) + at[FILL_OFFSET], at[FILL_BYTES], at[FILL_MODE], at[FILL_SEED]);
    at = test->patches;
    for (uint32_t i = 0; i < test->patch_count; i++) {
        uint8_t *to = (at[PATCH_SPACE] == IN_ROM ? rom : memory) + at[PATCH_OFFSET];
        uint32_t words = at[PATCH_WORDS];
        at += PATCH_DATA;
        for (; words > 0; words--, to += 4)
            put_u32(to, *at++);
    }
}

static struct kernels_space space_at(const struct test_case *test, uint8_t *memory, uint8_t *rom)
{
    return (struct kernels_space){
        .memory = memory, .memory_bytes = test->memory_bytes, .rom = rom, .rom_bytes = test->rom_bytes};
}

#ifdef CASE_EXACT

static uint8_t *take(uint32_t bytes, int value)
{
    uint8_t *at = malloc(bytes);
    if (at == NULL)
        abort();
    memset(at, value, bytes);
    return at;
}

struct kernels_space case_space(const struct test_case *test)
{
    uint8_t *memory = take(test->memory_bytes, 0xa5);
    uint8_t *rom = take(test->rom_bytes, 0);
    prepare(test, memory, rom);
    return space_at(test, memory, rom);
}

void case_free(struct kernels_space *space)
{
    free(space->memory);
    free((void *)(uintptr_t)space->rom);
}

bool case_untouched(const struct test_case *test, const struct kernels_space *space)
{
    struct kernels_space before = case_space(test);
    memcpy(before.memory + test->output, space->memory + test->output, test->output_bytes);
    memcpy(before.memory + test->scratch, space->memory + test->scratch, test->scratch_bytes);
    bool same = memcmp(before.memory, space->memory, test->memory_bytes) == 0;
    case_free(&before);
    return same;
}

#else

/* Bytes on both sides of the output that are looked at; a case may end with its output. */
#define NEIGHBOURS 32

static uint8_t area[NEIGHBOURS + CASE_MEMORY_BYTES + NEIGHBOURS] __attribute__((aligned(32)));
static uint8_t rom_area[CASE_ROM_BYTES] __attribute__((aligned(16)));
static uint8_t neighbours[2 * NEIGHBOURS];

struct kernels_space case_space(const struct test_case *test)
{
    if (test->memory_bytes > CASE_MEMORY_BYTES || test->rom_bytes > CASE_ROM_BYTES) {
        host_print("a case is too large\n");
        host_exit(2);
    }
    uint8_t *memory = area + NEIGHBOURS;
    prepare(test, memory, rom_area);
    const uint8_t *output = memory + test->output;
    memcpy(neighbours, output - NEIGHBOURS, NEIGHBOURS);
    memcpy(neighbours + NEIGHBOURS, output + test->output_bytes, NEIGHBOURS);
    return space_at(test, memory, rom_area);
}

void case_free(struct kernels_space *space)
{
    (void)space;
}

static bool same(const struct test_case *test, uint32_t at, const uint8_t *now, const uint8_t *before)
{
    for (uint32_t i = 0; i < NEIGHBOURS; i++)
        if (now[i] != before[i] && at + i - test->scratch >= test->scratch_bytes)
            return false;
    return true;
}

bool case_untouched(const struct test_case *test, const struct kernels_space *space)
{
    const uint8_t *output = space->memory + test->output;
    uint32_t end = test->output + test->output_bytes;
    return same(test, test->output - NEIGHBOURS, output - NEIGHBOURS, neighbours) &&
           same(test, end, output + test->output_bytes, neighbours + NEIGHBOURS);
}

#endif
