/*
 * What an emulated board needs of the computer that it runs on: files, options, an end. Implemented with semihosting in
 * QEMU (Arm's "Semihosting for AArch32 and AArch64", which RISC-V has adopted) and with POSIX for `linux`.
 */
#ifndef MOTE_HOST_H
#define MOTE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes of a node. A signal or an error of the emulator has another code. */
enum host_exit {
    HOST_EXIT_DONE = 0,    /* it was requested to end */
    HOST_EXIT_OPTIONS = 2, /* an option is wrong */
    HOST_EXIT_BROKEN = 3,  /* a violation of the rules of NOR flash, a file that is not a flash, or a simulator channel that ended */
    HOST_EXIT_CUT = 4,     /* the power was cut where option `cut` requested it */
};

/* Modes of host_open, numbered as those of SYS_OPEN. */
enum host_mode {
    HOST_READ = 1,   /* "rb": must exist */
    HOST_UPDATE = 3, /* "r+b": must exist, read and write */
    HOST_CREATE = 5, /* "wb": created, or emptied */
    HOST_RENEW = 7,  /* "w+b": created, or emptied, read and write */
};

/* Returns a file descriptor, or -1. */
int host_open(const char *path, enum host_mode mode);
void host_close(int file);
bool host_rename(const char *from, const char *to);

/* Transfer all `count` bytes, or return false. A pipe may deliver them in pieces. */
bool host_read(int file, void *bytes, size_t count);
bool host_write(int file, const void *bytes, size_t count);

/* Moves the position of the next read or write to byte `at`. */
bool host_seek(int file, uint32_t at);

/* Returns the size of a file in bytes, or -1. */
int32_t host_size(int file);

/* Makes sure that everything written is on the disk. POSIX only; with semihosting a process that ends leaves it. */
bool host_sync(int file);

/*
 * Copies the words that the node was started with, separated by spaces. Returns false if they have more than `size` - 1
 * bytes.
 */
bool host_options(char *text, size_t size);

/* Prints text for whoever started the node. */
void host_print(const char *text);

_Noreturn void host_exit(int code);

/* Writes "FOLDER/NAME" into `path`. Ends the node if that is too long. */
void host_path(char *path, size_t size, const char *folder, const char *name);

/* Prints "NAME: WHAT" and ends the node with `code`. */
_Noreturn void host_fail(enum host_exit code, const char *what, const char *name);

#endif
