/* The chip. It has no memory of its own; an operation that breaks a rule ends the run. */
#include "cut_flash.h"

#include <string.h>

#include "base/bytes.h"

#define NO_CUT UINT32_MAX

static _Noreturn void violate(struct cut_flash *chip, const char *rule)
{
    chip->violation = rule;
    longjmp(chip->power, CUT_VIOLATION);
}

static void check_range(struct cut_flash *chip, uint32_t at, uint32_t count, uint32_t unit)
{
    const struct flash *flash = &chip->flash;
    if (count == 0 || at > flash->size || count > flash->size - at)
        violate(chip, "an operation on no bytes of the flash");
    if (at % unit != 0 || count % unit != 0)
        violate(chip, "an operation that isn't aligned");
}

static void remember(struct cut_flash *chip, uint32_t at, uint32_t count)
{
    uint32_t write = chip->flash.write;
    uint32_t needed = count + count / write + 8;
    if (needed > chip->undo_size - chip->undo_used)
        violate(chip, "too much without a sync for this emulation's memory");
    uint8_t *entry = chip->undo + chip->undo_used;
    memcpy(entry, chip->image + at, count);
    memcpy(entry + count, chip->written + at / write, count / write);
    put_u32(entry + needed - 8, at);
    put_u32(entry + needed - 4, count);
    chip->undo_used += needed;
}

/* Everything since the last sync, newest first. */
static void forget(struct cut_flash *chip)
{
    uint32_t write = chip->flash.write;
    while (chip->undo_used > 0) {
        const uint8_t *end = chip->undo + chip->undo_used;
        uint32_t at = get_u32(end - 8), count = get_u32(end - 4);
        const uint8_t *entry = end - 8 - count - count / write;
        memcpy(chip->image + at, entry, count);
        memcpy(chip->written + at / write, entry + count, count / write);
        chip->undo_used = (uint32_t)(entry - chip->undo);
    }
}

static uint32_t next_random(struct cut_flash *chip)
{
    uint32_t x = chip->random;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    chip->random = x;
    return x;
}

/* Old, new, or old with some of the bits of `changing` changed: `#between` of memory-flash.ts. */
static uint8_t between(struct cut_flash *chip, uint8_t old, uint8_t next, uint32_t changing)
{
    uint32_t x = next_random(chip);
    uint32_t kind = x >> 8 & 3;
    if (kind == 0)
        return old;
    return kind == 1 ? next : (uint8_t)(old ^ (changing & x >> 16));
}

/* `bytes` NULL: erased. */
static void write_all(struct cut_flash *chip, uint32_t at, const uint8_t *bytes, uint32_t count)
{
    uint32_t write = chip->flash.write;
    if (bytes == NULL)
        memset(chip->image + at, 0xff, count);
    else
        memcpy(chip->image + at, bytes, count);
    memset(chip->written + at / write, bytes != NULL, count / write);
}

/*
 * A page whose erase was interrupted has to be erased again, whatever it reads as: noise, since chips program a page
 * before they erase it, or ones that don't last. A write that reads as blank is blank.
 */
static void write_some(struct cut_flash *chip, uint32_t at, const uint8_t *bytes, uint32_t count)
{
    uint32_t write = chip->flash.write;
    bool noise = bytes == NULL && (next_random(chip) & 1) == 1;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *byte = &chip->image[at + i];
        uint8_t next = bytes == NULL ? 0xff : bytes[i];
        *byte = between(chip, *byte, next, noise ? 0xff : *byte ^ next);
        if (bytes == NULL || *byte != 0xff)
            chip->written[(at + i) / write] = 1;
    }
}

static bool apply(struct cut_flash *chip, uint32_t at, const uint8_t *bytes, uint32_t count)
{
    bool hit = chip->operations++ == chip->cut_at;
    if (!hit) {
        remember(chip, at, count);
        write_all(chip, at, bytes, count);
        return true;
    }
    switch (chip->mode) {
    case CUT_BEFORE:
        break;
    case CUT_MIDDLE:
    case CUT_FAULT:
        write_some(chip, at, bytes, count);
        break;
    case CUT_REORDERED:
    case CUT_UNSYNCED:
        forget(chip);
        if (chip->mode == CUT_UNSYNCED)
            break;
        /* fall through */
    case CUT_AFTER:
        write_all(chip, at, bytes, count);
        break;
    }
    if (chip->mode == CUT_FAULT)
        return false;
    longjmp(chip->power, CUT_POWER);
}

static bool erase(const struct flash *flash, uint32_t at, uint32_t count)
{
    struct cut_flash *chip = flash->context;
    check_range(chip, at, count, flash->page);
    if (count != flash->page)
        violate(chip, "an erase of more than one page, of which a cut could hit several");
    chip->erases[at / flash->page]++;
    return apply(chip, at, NULL, count);
}

static bool program(const struct flash *flash, uint32_t at, const uint8_t *bytes, uint32_t count)
{
    struct cut_flash *chip = flash->context;
    check_range(chip, at, count, flash->write);
    for (uint32_t i = 0; i < count / flash->write; i++) {
        if (chip->written[at / flash->write + i] != 0)
            violate(chip, "a write that is programmed twice without an erase between");
    }
    for (uint32_t i = 0; i < count; i++) {
        if ((bytes[i] & ~chip->image[at + i]) != 0)
            violate(chip, "a program that would set a bit");
    }
    return apply(chip, at, bytes, count);
}

static bool sync(const struct flash *flash)
{
    struct cut_flash *chip = flash->context;
    chip->undo_used = 0;
    return true;
}

void cut_flash_start(struct cut_flash *chip)
{
    struct flash *flash = &chip->flash;
    flash->base = chip->image;
    flash->erase = erase;
    flash->program = program;
    flash->sync = sync;
    flash->context = chip;
    memset(chip->image, 0xff, flash->size);
    memset(chip->written, 0, flash->size / flash->write);
    memset(chip->erases, 0, flash->size / flash->page * sizeof chip->erases[0]);
    chip->operations = 0;
    chip->random = 1;
    chip->violation = NULL;
    cut_flash_restart(chip);
}

void cut_flash_plan(struct cut_flash *chip, uint32_t operations, enum cut_mode mode)
{
    chip->cut_at = chip->operations + operations;
    chip->mode = mode;
}

void cut_flash_restart(struct cut_flash *chip)
{
    chip->cut_at = NO_CUT;
    chip->undo_used = 0;
}
