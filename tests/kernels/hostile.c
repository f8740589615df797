/*
 * Damages records, entries and arguments of the cases of a file, and runs each many times. Whatever the result, no byte
 * outside memory and rom may be accessed (a sanitizer checks that), and the result must be a valid one.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/operators.h"
#include "case.h"
#include "kernels/kernels.h"
#include "report.h"

static uint32_t state = 0x9e3779b9;

static uint32_t any(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* Values at ends of ranges, near the present sizes, near the present value, or random. */
static uint32_t spoil(uint32_t value, const struct test_case *test)
{
    static const uint32_t ends[] = {0,       1,          0xffffffff, 0x80000000, 0x7fffffff, 0xffff,
                                    0x10000, 0x40000000, 4095,       4096,       4097};
    switch (any() % 8) {
    case 0:
        return ends[any() % (sizeof(ends) / sizeof(ends[0]))];
    case 1:
        return value + any() % 17 - 8;
    case 2:
        return value ^ 1u << any() % 32;
    case 3:
        return test->memory_bytes - any() % 64;
    case 4:
        return test->rom_bytes - any() % 64;
    case 5:
        return any() % 40;
    case 6:
        return value * (any() % 5);
    default:
        return any() >> any() % 32;
    }
}

static void spoil_at(uint8_t *at, const struct test_case *test)
{
    put_u32(at, spoil(get_u32(at), test));
}

static int32_t run(const struct test_case *test, const struct kernels_space *space)
{
    uint32_t a[6];
    memcpy(a, test->arguments, sizeof(a));
    uint8_t *rom = (uint8_t *)(uintptr_t)space->rom;
    bool is_operator = test->kind < OPERATOR_COUNT;
    if (is_operator)
        for (uint32_t n = 1 + any() % 3; n > 0; n--)
            spoil_at(rom + test->record + 4 * (any() % test->record_words), test);
    if (is_operator && any() % 8 == 0)
        spoil_at(rom + test->program + 4 * (any() % 2), test);
    if (!is_operator || any() % 8 == 0) {
        uint32_t which = any() % (is_operator ? 2 : 6);
        a[which] = spoil(a[which], test);
    }
    uint32_t count = is_operator && any() % 16 == 0 ? spoil(1, test) : 1;
    if (is_operator)
        return kernels_run(space, a[0], a[1], count);
    if (any() % 4 == 0 && test->kind == CASE_FILTER_BANK)
        put_u16(space->memory + test->arguments[1], (uint16_t)any());
    return test->kind == CASE_REAL_FFT
               ? kernels_real_fft(space, a[0], a[1], a[2], (int32_t)a[3])
               : kernels_filter_bank(space, a[0], a[1], a[2], (int32_t)a[3], (int32_t)a[4], a[5]);
}

int main(void)
{
    static struct test_case test;
    int file = host_open("cases.bin", HOST_READ);
    uint32_t ran = 0, done = 0, declined = 0, faults = 0, odd = 0;
    while (file >= 0 && case_read(file, &test)) {
        for (uint32_t i = 0; i < HOSTILE_TIMES; i++, ran++) {
            struct kernels_space space = case_space(&test);
            int32_t result = run(&test, &space);
            done += result > 0;
            declined += result == 0;
            faults += result == KERNELS_FAULT;
            odd += result < KERNELS_FAULT;
            case_free(&space);
        }
    }
    const uint32_t numbers[] = {ran, done, declined, faults, odd};
    static const char *const names[] = {" spoiled: ", " done, ", " declined, ", " faults, ", " odd\n"};
    for (uint32_t i = 0; i < 5; i++) {
        report_number(numbers[i]);
        report(names[i]);
    }
    host_exit(ran == 0 || odd != 0);
}
