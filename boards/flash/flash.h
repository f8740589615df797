/*
 * NOR flash: erasing sets a page to ones, and programming only clears bits. It is memory-mapped, so that its contents
 * are read in place. A struct flash is a whole device, a struct flash_region is a part of one.
 */
#ifndef MOTE_FLASH_H
#define MOTE_FLASH_H

#include <stdbool.h>
#include <stdint.h>

struct flash {
    /* The address at which it can be read. */
    const uint8_t *base;
    /*
     * Bytes of the device, of a page (the unit of erasing), and of a write (the unit of programming: a power of two, 1
     * to 256).
     */
    uint32_t size;
    uint32_t page;
    uint32_t write;
    /* Erases whole pages. Returns false if the device failed; the contents of these pages are then unknown. */
    bool (*erase)(const struct flash *flash, uint32_t at, uint32_t count);
    /*
     * Programs whole writes, across page boundaries too. No write is programmed twice without an erase between. `bytes`
     * may have any alignment but must not lie in this flash. Returns false if the device failed.
     */
    bool (*program)(const struct flash *flash, uint32_t at, const uint8_t *bytes, uint32_t count);
    /* Returns true when everything before it survives a loss of power. */
    bool (*sync)(const struct flash *flash);
    /* For the driver. */
    void *context;
};

struct flash_region {
    const struct flash *flash;
    uint32_t start;
    uint32_t size;
};

static inline const uint8_t *region_bytes(const struct flash_region *region)
{
    return region->flash->base + region->start;
}

static inline uint32_t region_pages(const struct flash_region *region)
{
    return region->size / region->flash->page;
}

/* Returns `count` bytes of the region, from `at` on. */
static inline struct flash_region region_part(const struct flash_region *region, uint32_t at, uint32_t count)
{
    return (struct flash_region){.flash = region->flash, .start = region->start + at, .size = count};
}

/* Erases one page, so that a loss of power affects at most one page. */
static inline bool region_erase(const struct flash_region *region, uint32_t page)
{
    const struct flash *flash = region->flash;
    return flash->erase(flash, region->start + page * flash->page, flash->page);
}

static inline bool region_program(const struct flash_region *region, uint32_t at, const uint8_t *bytes, uint32_t count)
{
    return region->flash->program(region->flash, region->start + at, bytes, count);
}

static inline bool region_sync(const struct flash_region *region)
{
    return region->flash->sync(region->flash);
}

static inline bool region_is_blank(const struct flash_region *region, uint32_t at, uint32_t count)
{
    const uint8_t *bytes = region_bytes(region) + at;
    for (uint32_t i = 0; i < count; i++) {
        if (bytes[i] != 0xff)
            return false;
    }
    return true;
}

/* Programs `count` bytes, and padding up to the end of the last write. */
static inline uint32_t region_padded(const struct flash_region *region, uint32_t count)
{
    uint32_t write = region->flash->write;
    return (count + write - 1) & ~(write - 1);
}

#endif
