/*
 * Runs the cases of vectors.bin (vectors.ts writes it) through crypto.h. Prints each case whose result differs, the
 * fewest and the most instructions of each operation (0 where nothing counts them), and one line with the number of
 * cases. The same program runs on the machine that builds it, under sanitizers, and on emulated boards.
 */
#include <string.h>

#include "base/bytes.h"
#include "crypto/crypto.h"
#include "images/model/count.h"
#include "platform/bare/chip.h"
#include "platform/emulated/host.h"

enum operation {
    VERIFY_ED25519 = 'e', /* key, message, signature */
    VERIFY_P256 = 'p',    /* key, message, signature */
    SIGN = 's',           /* private key, message, signature expected */
    AGREE = 'a',          /* private key, peer's key, secret expected */
    PUBLIC_KEY = 'k',     /* private key, nothing, key expected */
};

/* Operation, whether it must succeed, number, and the lengths of the three parts; numbers are little-endian. */
#define HEAD_BYTES 12
#define PART_BYTES 4096
#define MAX_LINES 20

struct test_case {
    uint8_t operation;
    bool succeeds;
    uint32_t number;
    uint32_t length[3];
    uint8_t part[3][PART_BYTES];
};

/* The fewest and the most instructions of an operation that succeeded. */
struct range {
    enum operation operation;
    const char *name;
    uint64_t least;
    uint64_t most;
};

static struct test_case test;
static uint32_t differences;

static void print_number(uint64_t value)
{
    char digits[21];
    char *at = digits + sizeof digits - 1;
    *at = 0;
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    host_print(at);
}

static bool read_case(int file)
{
    uint8_t head[HEAD_BYTES];
    if (!host_read(file, head, sizeof head))
        return false;
    test.operation = head[0];
    test.succeeds = head[1] != 0;
    test.number = get_u32(head + 2);
    for (unsigned i = 0; i < 3; i++) {
        test.length[i] = (uint32_t)head[6 + 2 * i] | (uint32_t)head[7 + 2 * i] << 8;
        if (test.length[i] > PART_BYTES || !host_read(file, test.part[i], test.length[i]))
            host_fail(HOST_EXIT_BROKEN, "is cut short", "vectors.bin");
    }
    return true;
}

/* Runs an operation; true when it succeeds and gives the third part, where that is what it makes. */
static bool run(uint64_t *instructions)
{
    const struct span message = {test.part[1], test.length[1]};
    uint8_t out[P256_KEY_BYTES];
    uint8_t digest[SHA256_BYTES];
    bool ok;
    sha256_of(message.bytes, message.count, digest);
    const uint64_t start = count_instructions();
    switch (test.operation) {
    case VERIFY_ED25519:
        ok = ed25519_verify(test.part[0], &message, 1, test.part[2]);
        break;
    case VERIFY_P256:
        ok = p256_verify(test.part[0], digest, test.part[2]);
        break;
    case SIGN:
        ok = p256_sign(test.part[0], digest, out);
        break;
    case AGREE:
        ok = p256_agree(test.part[0], test.part[1], out);
        break;
    default:
        ok = p256_public_key(test.part[0], out);
    }
    *instructions = count_instructions() - start;
    const bool makes = test.operation != VERIFY_ED25519 && test.operation != VERIFY_P256;
    return ok && (!makes || memcmp(out, test.part[2], test.length[2]) == 0);
}

static void add(struct range *range, uint64_t instructions)
{
    if (range->most == 0 || instructions < range->least)
        range->least = instructions;
    if (instructions > range->most)
        range->most = instructions;
}

static void differs(void)
{
    if (differences++ >= MAX_LINES)
        return;
    host_print("case ");
    print_number(test.number);
    host_print(" of operation ");
    host_print((const char[]){(char)test.operation, 0});
    host_print(" differs\n");
}

static void print_range(const struct range *range)
{
    host_print(range->name);
    host_print(": ");
    print_number(range->least);
    host_print(" to ");
    print_number(range->most);
    host_print("\n");
}

int main(void)
{
    static struct range ranges[] = {
        {.operation = VERIFY_ED25519, .name = "verify ed25519"},
        {.operation = VERIFY_P256, .name = "verify p256"},
        {.operation = SIGN, .name = "sign"},
        {.operation = AGREE, .name = "agree"},
        {.operation = PUBLIC_KEY, .name = "public key"},
    };
    const unsigned range_count = sizeof ranges / sizeof ranges[0];
    uint32_t count = 0;
    chip_start();
    const int file = host_open("vectors.bin", HOST_READ);
    if (file < 0)
        host_fail(HOST_EXIT_OPTIONS, "is missing", "vectors.bin");
    for (; read_case(file); count++) {
        uint64_t instructions;
        const bool succeeded = run(&instructions);
        if (succeeded != test.succeeds)
            differs();
        for (unsigned i = 0; i < range_count && succeeded; i++)
            if (ranges[i].operation == test.operation)
                add(&ranges[i], instructions);
    }
    for (unsigned i = 0; i < range_count; i++)
        print_range(&ranges[i]);
    print_number(count);
    host_print(" cases, ");
    print_number(differences);
    host_print(" differ\n");
    host_exit(differences != 0 || count == 0 ? HOST_EXIT_BROKEN : HOST_EXIT_DONE);
}
