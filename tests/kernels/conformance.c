/*
 * Runs the cases of a file (case-file.ts and operators.ts describe them, kernels.test.ts writes it) through the native
 * kernels and compares the results with those of the AssemblyScript kernels. Prints each case that differs, then one
 * line with counts. The same program runs on the host, with memory of exactly the size of a case, so that a sanitizer
 * detects every access outside, and on boards.
 */
#include "base/bytes.h"
#include "base/operators.h"
#include "case.h"
#include "kernels/kernels.h"
#include "report.h"

/* Differences that are printed. */
#define MAX_LINES 20

static uint32_t differences;

static void differs(uint32_t number, const struct test_case *test, const char *what)
{
    if (differences++ >= MAX_LINES)
        return;
    report("case ");
    report_number(number);
    report(" of kind ");
    report_number(test->kind);
    report(what);
}

static int32_t run(const struct test_case *test, const struct kernels_space *space)
{
    const uint32_t *a = test->arguments;
    if (test->kind < OPERATOR_COUNT)
        return kernels_run(space, a[0], a[1], 1);
    if (test->kind == CASE_REAL_FFT)
        return kernels_real_fft(space, a[0], a[1], a[2], (int32_t)a[3]);
    return kernels_filter_bank(space, a[0], a[1], a[2], (int32_t)a[3], (int32_t)a[4], a[5]);
}

int main(void)
{
    static struct test_case test;
    int file = host_open("cases.bin", HOST_READ);
    if (file < 0) {
        report("no cases.bin here\n");
        host_exit(2);
    }
    uint32_t count = 0;
    for (; case_read(file, &test); count++) {
        struct kernels_space space = case_space(&test);
        int32_t done = run(&test, &space);
        if (done != 1)
            differs(count, &test, done == 0 ? " was declined\n" : " is called a fault\n");
        else if (crc32(0, space.memory + test.output, test.output_bytes) != test.crc)
            differs(count, &test, " has another output\n");
        else if (!case_untouched(&test, &space))
            differs(count, &test, " writes beside its output\n");
        case_free(&space);
    }
    report_number(count);
    report(" cases, ");
    report_number(differences);
    report(" differ\n");
    host_exit(differences != 0 || count == 0);
}
