/*
 * Checks a call of kernels_run: how many entries it finishes, what it reports, when it stops. Prints one line for each
 * error.
 */
#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/operators.h"
#include "kernels/operation.h"
#include "report.h"

enum { PIECE = 4096, MOST = KERNELS_CALL_WORK / (PIECE + ENTRY_WORK), MANY = MOST + 10, UNKNOWN = OPERATOR_COUNT };
/* Records follow the entries. */
enum { GOOD = 8 * MANY, OUTSIDE = GOOD + 12, EMPTY = OUTSIDE + 12, ROM_BYTES = EMPTY + 12 };

static uint8_t memory[2 * PIECE];
static _Alignas(16) uint8_t rom[ROM_BYTES];
static uint32_t told, wrong;

static void observe(void *context, uint32_t entry)
{
    if (context != &told || entry != told++)
        wrong++;
}

static const struct kernels_space space = {.memory = memory,
                                           .memory_bytes = sizeof(memory),
                                           .rom = rom,
                                           .rom_bytes = sizeof(rom),
                                           .observe = observe,
                                           .context = &told};

static void put_entry(uint32_t number, uint32_t operator_number, uint32_t record)
{
    put_u32(rom + 8 * number, operator_number);
    put_u32(rom + 8 * number + 4, record);
}

static void put_copy(uint32_t at, uint32_t from, uint32_t to, uint32_t bytes)
{
    put_u32(rom + at, from);
    put_u32(rom + at + 4, to);
    put_u32(rom + at + 8, bytes);
}

static void expect(const char *what, bool right)
{
    if (right)
        return;
    report(what);
    wrong++;
}

/* Runs `count` copies, with entry `special` replaced, and checks the result and the reports. */
static void check(const char *what, uint32_t count, uint32_t special, uint32_t operator_number, uint32_t record,
                  int32_t answer, uint32_t observed)
{
    for (uint32_t i = 0; i < count; i++)
        put_entry(i, OPERATOR_COPY, GOOD);
    if (special < count)
        put_entry(special, operator_number, record);
    told = 0;
    expect(what, kernels_run(&space, 0, 0, count) == answer && told == observed);
}

int main(void)
{
    enum { NONE = MANY };
    put_copy(GOOD, 0, PIECE, PIECE);
    put_copy(OUTSIDE, 0, PIECE, PIECE + 1);
    put_copy(EMPTY, 0, PIECE, 0);
    check("three entries are not all done\n", 3, NONE, 0, 0, 3, 3);
    check("no entry is not nothing to do\n", 0, NONE, 0, 0, 0, 0);
    check("an operator without a kernel is not left alone\n", 3, 1, UNKNOWN, GOOD, 1, 1);
    check("a first entry that is declined is not 0\n", 3, 0, OPERATOR_COPY, EMPTY, 0, 0);
    check("a tensor outside memory is no fault\n", 3, 2, OPERATOR_COPY, OUTSIDE, KERNELS_FAULT, 2);
    check("a record outside rom is no fault\n", 3, 2, OPERATOR_COPY, ROM_BYTES - 8, KERNELS_FAULT, 2);
    check("a call does not end after its work\n", MANY, NONE, 0, 0, MOST, MOST);
    expect("a program outside rom is no fault\n", kernels_run(&space, 0, ROM_BYTES - 8, 2) == KERNELS_FAULT);
    expect("an arena outside memory is no fault\n", kernels_run(&space, sizeof(memory) + 1, 0, 1) == KERNELS_FAULT);
    memset(memory, 7, PIECE);
    told = 0;
    expect("a copy is not done\n", kernels_run(&space, 0, 0, 1) == 1 && memcmp(memory, memory + PIECE, PIECE) == 0);
    report_number(wrong);
    report(" wrong\n");
    host_exit(wrong != 0);
}
