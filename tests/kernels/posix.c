/* What programs of this folder ask of a machine, where they run on one without an emulator. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host.h"

int host_open(const char *path, enum host_mode mode)
{
    return open(path, mode == HOST_READ ? O_RDONLY : O_RDWR);
}

bool host_read(int file, void *bytes, size_t count)
{
    char *at = bytes;
    while (count > 0) {
        ssize_t got = read(file, at, count);
        if (got <= 0)
            return false;
        at += got;
        count -= (size_t)got;
    }
    return true;
}

void host_print(const char *text)
{
    fputs(text, stdout);
}

_Noreturn void host_exit(int code)
{
    exit(code);
}
