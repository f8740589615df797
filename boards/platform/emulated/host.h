/*
 * What an emulated board asks of the machine that it runs on: files, its options, an end. Through semihosting in QEMU (Arm's
 * "Semihosting for AArch32 and AArch64", which RISC-V took over), through POSIX for `linux`.
 */
#ifndef MOTE_HOST_H
#define MOTE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes of a node; what else the host's own ends give (a signal, an emulator's error) is none of these. */
enum host_exit {
    HOST_EXIT_DONE = 0,    /* it was told to end */
    HOST_EXIT_OPTIONS = 2, /* an option is wrong */
    HOST_EXIT_BROKEN = 3,  /* NOR rules broken, a flash file that isn't one, a simulator channel that ended */
    HOST_EXIT_CUT = 4,     /* the power was cut where option `cut` said */
};

/* Modes of host_open, numbered as SYS_OPEN's. */
enum host_mode {
    HOST_READ = 1,   /* "rb": must be there */
    HOST_UPDATE = 3, /* "r+b": must be there, read and write */
    HOST_CREATE = 5, /* "wb": made, or emptied */
    HOST_RENEW = 7,  /* "w+b": made, or emptied, read and write */
};

/* A file's number, or -1. */
int host_open(const char *path, enum host_mode mode);
void host_close(int file);
bool host_rename(const char *from, const char *to);

/* All `count` bytes, or false. A pipe may give them in pieces. */
bool host_read(int file, void *bytes, size_t count);
bool host_write(int file, const void *bytes, size_t count);

/* The next read or write is at byte `at`. */
bool host_seek(int file, uint32_t at);

/* Bytes of a file, or -1. */
int32_t host_size(int file);

/* What was written is on the disk: POSIX only, else it is what a process that ends leaves. */
bool host_sync(int file);

/* The words that the node was started with, separated by spaces; false: they are more than `size` - 1 bytes. */
bool host_options(char *text, size_t size);

/* Text to where whoever started the node sees it. */
void host_print(const char *text);

_Noreturn void host_exit(int code);

/* "FOLDER/NAME" into `path`; ends the node when that is too long. */
void host_path(char *path, size_t size, const char *folder, const char *name);

/* Prints "NAME: WHAT" and ends the node with `code`. */
_Noreturn void host_fail(enum host_exit code, const char *what, const char *name);

#endif
