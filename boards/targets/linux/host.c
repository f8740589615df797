/* Host calls of a node that is a process: POSIX. */
#include "platform/emulated/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/bare/chip.h"
#include "process.h"

int host_open(const char *path, enum host_mode mode)
{
    int flags = mode == HOST_READ     ? O_RDONLY
                : mode == HOST_UPDATE ? O_RDWR
                : mode == HOST_CREATE ? O_WRONLY | O_CREAT | O_TRUNC
                                      : O_RDWR | O_CREAT | O_TRUNC;
    chip_watchdog_hold(true);
    int file = open(path, flags | O_CLOEXEC, 0666);
    chip_watchdog_hold(false);
    return file;
}

void host_close(int file)
{
    close(file);
}

bool host_rename(const char *from, const char *to)
{
    return rename(from, to) == 0;
}

/* Transfers all bytes, or returns false. The watchdog is paused while the host blocks. */
static bool move_all(int file, void *bytes, size_t count, bool out)
{
    uint8_t *at = bytes;
    while (count > 0) {
        chip_watchdog_hold(true);
        ssize_t done = out ? write(file, at, count) : read(file, at, count);
        chip_watchdog_hold(false);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        at += done;
        count -= (size_t)done;
    }
    return true;
}

bool host_read(int file, void *bytes, size_t count)
{
    return move_all(file, bytes, count, false);
}

bool host_write(int file, const void *bytes, size_t count)
{
    return move_all(file, (void *)(uintptr_t)bytes, count, true);
}

bool host_seek(int file, uint32_t at)
{
    return lseek(file, (off_t)at, SEEK_SET) == (off_t)at;
}

int32_t host_size(int file)
{
    struct stat about;
    return fstat(file, &about) == 0 && about.st_size <= INT32_MAX ? (int32_t)about.st_size : -1;
}

bool host_sync(int file)
{
    return fdatasync(file) == 0;
}

bool host_options(char *text, size_t size)
{
    size_t length = 0;
    for (char **word = process_words(); *word != NULL; word++) {
        size_t count = strlen(*word);
        if (length + count + 2 > size)
            return false;
        memcpy(text + length, *word, count);
        length += count;
        text[length++] = ' ';
    }
    text[length] = 0;
    return true;
}

void host_print(const char *text)
{
    host_write(STDERR_FILENO, text, strlen(text));
}

_Noreturn void host_exit(int code)
{
    _exit(code);
}
