/* Boot reasons and fault records over a reset. */
#include "kept.h"

#include <string.h>

#include "base/bytes.h"
#include "chip.h"

struct kept kept __attribute__((section(".noinit")));
static enum hal_boot reason;
static bool unnoted;
static struct hal_fault fault;

static uint32_t checksum(void)
{
    return crc32(0, (const uint8_t *)&kept, offsetof(struct kept, crc));
}

void kept_start(void)
{
    bool known = kept.crc == checksum() && kept.reason <= HAL_BOOT_FAULT;
    if (!known)
        memset(&kept, 0, sizeof kept);
    /* A reset that nobody noted came from outside. */
    reason = kept.noted ? (enum hal_boot)kept.reason : HAL_BOOT_POWER;
    fault = kept.noted ? kept.fault : (struct hal_fault){0};
    unnoted = !kept.noted;
    kept.noted = 0;
    kept.starts++;
    kept.crc = checksum();
}

void kept_note(enum hal_boot why, const struct hal_fault *where)
{
    if (kept.noted)
        return;
    kept.reason = why;
    kept.fault = where != NULL ? *where : (struct hal_fault){0};
    kept.noted = 1;
    kept.crc = checksum();
}

void kept_unnoted(enum hal_boot why)
{
    if (unnoted)
        reason = why;
}

enum hal_boot hal_boot_reason(struct hal_fault *where)
{
    *where = fault;
    return reason;
}

uint32_t chip_starts(void)
{
    return kept.starts;
}
