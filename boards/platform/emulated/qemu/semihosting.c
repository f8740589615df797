/* Host calls through semihosting, on Cortex-M and RISC-V. */
#include <string.h>

#include "platform/bare/chip.h"
#include "platform/emulated/host.h"

/* Operations of Arm's "Semihosting for AArch32 and AArch64" (2.0), which RISC-V's specification refers to. */
enum {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_SEEK = 0x0A,
    SYS_FLEN = 0x0C,
    SYS_RENAME = 0x0F,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20,
    APPLICATION_EXIT = 0x20026,
};

typedef uintptr_t word;

static intptr_t call(word operation, const void *argument)
{
#if defined(__riscv)
    register word a0 __asm("a0") = operation;
    register const void *a1 __asm("a1") = argument;
    /* The three instructions must be uncompressed and in one page. */
    __asm volatile(".option push\n .option norvc\n .balign 16\n"
                   "slli x0, x0, 0x1f\n ebreak\n srai x0, x0, 7\n .option pop"
                   : "+r"(a0)
                   : "r"(a1)
                   : "memory");
    return (intptr_t)a0;
#else
    register word r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return (intptr_t)r0;
#endif
}

/* A call whose time is the host's. */
static intptr_t slow_call(word operation, const void *argument)
{
    chip_watchdog_hold(true);
    intptr_t result = call(operation, argument);
    chip_watchdog_hold(false);
    return result;
}

int host_open(const char *path, enum host_mode mode)
{
    word block[] = {(word)path, mode, strlen(path)};
    return (int)slow_call(SYS_OPEN, block);
}

void host_close(int file)
{
    word block[] = {(word)file};
    call(SYS_CLOSE, block);
}

bool host_rename(const char *from, const char *to)
{
    word block[] = {(word)from, strlen(from), (word)to, strlen(to)};
    return call(SYS_RENAME, block) == 0;
}

/* Reads and writes return how many bytes they did not transfer. */
bool host_read(int file, void *bytes, size_t count)
{
    uint8_t *at = bytes;
    while (count > 0) {
        word block[] = {(word)file, (word)at, count};
        intptr_t left = slow_call(SYS_READ, block);
        if (left < 0 || (size_t)left >= count)
            return false;
        at += count - (size_t)left;
        count = (size_t)left;
    }
    return true;
}

bool host_write(int file, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;
    while (count > 0) {
        word block[] = {(word)file, (word)at, count};
        intptr_t left = slow_call(SYS_WRITE, block);
        if (left < 0 || (size_t)left >= count)
            return false;
        at += count - (size_t)left;
        count = (size_t)left;
    }
    return true;
}

bool host_seek(int file, uint32_t at)
{
    word block[] = {(word)file, at};
    return call(SYS_SEEK, block) == 0;
}

int32_t host_size(int file)
{
    word block[] = {(word)file};
    return (int32_t)call(SYS_FLEN, block);
}

bool host_sync(int file)
{
    (void)file;
    return true;
}

/* The first word is the name of the program. */
bool host_options(char *text, size_t size)
{
    word block[] = {(word)text, size};
    if (call(SYS_GET_CMDLINE, block) != 0)
        return false;
    const char *rest = strchr(text, ' ');
    if (rest == NULL)
        *text = 0;
    else
        memmove(text, rest + 1, strlen(rest + 1) + 1);
    return true;
}

void host_print(const char *text)
{
    call(SYS_WRITE0, text);
}

_Noreturn void host_exit(int code)
{
    word block[] = {APPLICATION_EXIT, (word)code};
    for (;;)
        call(SYS_EXIT_EXTENDED, block);
}
