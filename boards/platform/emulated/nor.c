/* Emulated NOR flash: the rules of a real chip, a file, and a power supply that fails where an option requests it. */
#include "nor.h"

#include <string.h>

#include "base/bytes.h"
#include "host.h"
#include "options.h"
#include "platform/bare/chip.h"
#include "sim_channel.h"

/* The block of the file with its header. */
enum { HEADER_BYTES = 4096, STEP = 256 };

_Static_assert(BOARD_FLASH_BYTES % BOARD_FLASH_PAGE == 0 && BOARD_FLASH_PAGE % BOARD_FLASH_WRITE == 0, "whole pages");
_Static_assert(BOARD_FLASH_WRITE >= 1 && BOARD_FLASH_WRITE <= STEP && STEP % BOARD_FLASH_WRITE == 0, "a step is whole writes");
_Static_assert((BOARD_FLASH_WRITE & (BOARD_FLASH_WRITE - 1)) == 0 && BOARD_FLASH_PAGE % STEP == 0, "a page is whole steps");

#define TEXT_(value) #value
#define TEXT(value) TEXT_(value)
static const char header[] = "moteware flash 1\nsize " TEXT(BOARD_FLASH_BYTES) " page " TEXT(BOARD_FLASH_PAGE) " write " TEXT(
    BOARD_FLASH_WRITE) "\n";

#if defined(BOARD_FLASH_ORIGIN)
#define WINDOW ((uint8_t *)BOARD_FLASH_ORIGIN)
#else
static _Alignas(16) uint8_t window[BOARD_FLASH_BYTES];
#define WINDOW window
#endif

/* What a cut leaves of the operation that it interrupts. */
enum cut { CUT_BEFORE, CUT_MIDDLE, CUT_AFTER };

static int file = -1;
static bool cuts;
/* Operations until the one that is cut. */
static uint32_t left;
static enum cut how;
static uint32_t mixture;
/* Minimum time of erasing a page. */
static uint32_t erase_us;

static _Noreturn void broken(const char *what)
{
    host_fail(HOST_EXIT_BROKEN, what, "flash");
}

/* Written under another name first, so that an incomplete file never counts as a flash. */
static void create(const char *folder, const char *path)
{
    char partial[256];
    host_path(partial, sizeof partial, folder, "flash.bin.new");
    file = host_open(partial, HOST_RENEW);
    uint8_t step[STEP] = {0};
    memcpy(step, header, sizeof header - 1);
    bool made = file >= 0 && host_write(file, step, STEP);
    memset(step, 0, sizeof header - 1);
    for (uint32_t at = STEP; made && at < HEADER_BYTES; at += STEP)
        made = host_write(file, step, STEP);
    memset(step, 0xFF, STEP);
    for (uint32_t at = 0; made && at < BOARD_FLASH_BYTES; at += STEP)
        made = host_write(file, step, STEP);
    if (!made || !host_sync(file) || !host_rename(partial, path))
        broken("the file can't be made in the node's folder");
}

static void check_header(void)
{
    uint8_t step[STEP];
    if (host_size(file) != HEADER_BYTES + BOARD_FLASH_BYTES)
        broken("flash.bin has another size, or is cut short");
    for (uint32_t at = 0; at < HEADER_BYTES; at += STEP) {
        if (!host_read(file, step, STEP))
            broken("flash.bin can't be read");
        for (uint32_t i = 0; i < STEP; i++) {
            char wanted = at + i < sizeof header - 1 ? header[at + i] : 0;
            if (step[i] != (uint8_t)wanted)
                broken("flash.bin is no flash file of this board's size, pages and writes");
        }
    }
}

static void read_option(void)
{
    const char *at = options_value("cut", 0);
    if (at == NULL)
        return;
    static const char *const names[] = {"before", "middle", "after"};
    bool known = options_digits(&at, UINT32_MAX - 1, &left) && *at == ':';
    for (uint32_t i = 0; known && i < 3; i++)
        if (strcmp(at + 1, names[i]) == 0) {
            how = (enum cut)i;
            cuts = true;
        }
    if (!cuts)
        host_fail(HOST_EXIT_OPTIONS, "not NUMBER:before, NUMBER:middle or NUMBER:after", "cut");
    mixture = (options_number("seed", 0, UINT32_MAX, 1) * 2654435761u + left * 2) | 1;
}

void nor_start(const char *folder)
{
    char path[256];
    host_path(path, sizeof path, folder, "flash.bin");
    read_option();
    erase_us = options_number("erase", 0, 10000000, 0);
    file = host_open(path, HOST_UPDATE);
    if (file < 0)
        create(folder, path);
    if (!host_seek(file, 0))
        broken("flash.bin can't be read");
    check_header();
    if (!host_read(file, WINDOW, BOARD_FLASH_BYTES))
        broken("flash.bin can't be read");
}

static uint32_t next_random(void)
{
    mixture ^= mixture << 13;
    mixture ^= mixture >> 17;
    mixture ^= mixture << 5;
    return mixture;
}

/*
 * Returns the old byte, the new one, or the old one with some of the bits of `changing` changed, as
 * host/device/flash/memory-flash.ts does.
 */
static uint8_t between(uint8_t old, uint8_t new, uint32_t changing)
{
    uint32_t random = next_random();
    switch (random >> 8 & 3) {
    case 0:
        return old;
    case 1:
        return new;
    default:
        return (uint8_t)(old ^ (changing & random >> 16));
    }
}

/* Writes the file and reads it back into the window. The host may write what is read-only for the processor. */
static void put(uint32_t at, const uint8_t *bytes, uint32_t count)
{
    uint32_t place = HEADER_BYTES + at;
    if (!host_seek(file, place) || !host_write(file, bytes, count) || !host_seek(file, place) ||
        !host_read(file, WINDOW + at, count))
        broken("flash.bin can't be written");
}

/*
 * If `bytes` is NULL, the page is erased; the result may then be noise, because chips program a page before they erase
 * it.
 */
static void put_mixture(uint32_t at, const uint8_t *bytes, uint32_t count)
{
    uint8_t step[STEP];
    bool noise = bytes == NULL && (next_random() & 1) == 1;
    for (uint32_t done = 0; done < count; done += STEP) {
        uint32_t part = count - done < STEP ? count - done : STEP;
        for (uint32_t i = 0; i < part; i++) {
            uint8_t old = WINDOW[at + done + i], new = bytes == NULL ? 0xFF : bytes[done + i];
            step[i] = between(old, new, noise ? 0xFF : old ^ new);
        }
        put(at + done, step, part);
    }
}

static void put_whole(uint32_t at, const uint8_t *bytes, uint32_t count)
{
    if (bytes != NULL) {
        put(at, bytes, count);
        return;
    }
    uint8_t step[STEP];
    memset(step, 0xFF, sizeof step);
    for (uint32_t done = 0; done < count; done += STEP)
        put(at + done, step, STEP);
}

/* One operation, which a power cut may interrupt. */
static void apply(uint32_t at, const uint8_t *bytes, uint32_t count)
{
    bool cut = cuts && left-- == 0;
    if (!cut || how == CUT_AFTER)
        put_whole(at, bytes, count);
    else if (how == CUT_MIDDLE)
        put_mixture(at, bytes, count);
    if (cut) {
        if (sim_channel_open())
            sim_channel_exit(HOST_EXIT_CUT);
        host_exit(HOST_EXIT_CUT);
    }
}

static void check(const struct flash *flash, uint32_t at, uint32_t count, uint32_t unit)
{
    if (at > flash->size || count > flash->size - at || at % unit != 0 || count % unit != 0)
        broken("an operation outside of the flash, or not aligned");
}

static bool erase(const struct flash *flash, uint32_t at, uint32_t count)
{
    check(flash, at, count, flash->page);
    for (uint32_t page = at; page < at + count; page += flash->page) {
        const uint64_t end_us = chip_now_us() + erase_us;
        apply(page, NULL, flash->page);
        while (chip_now_us() < end_us)
            ;
    }
    return true;
}

static bool program(const struct flash *flash, uint32_t at, const uint8_t *bytes, uint32_t count)
{
    check(flash, at, count, flash->write);
    for (uint32_t i = 0; i < count; i++)
        if (WINDOW[at + i] != 0xFF)
            broken("a write that isn't erased was programmed");
    if (count > 0)
        apply(at, bytes, count);
    return true;
}

static bool sync(const struct flash *flash)
{
    (void)flash;
    return host_sync(file);
}

const struct flash nor_flash = {
    .base = WINDOW,
    .size = BOARD_FLASH_BYTES,
    .page = BOARD_FLASH_PAGE,
    .write = BOARD_FLASH_WRITE,
    .erase = erase,
    .program = program,
    .sync = sync,
};
