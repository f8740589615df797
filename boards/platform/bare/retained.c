/* Boot reasons and fault records that a reset retains. */
#include "retained.h"

#include <string.h>

#include "base/bytes.h"
#include "chip.h"

struct retained retained __attribute__((section(".noinit")));
static enum hal_boot reason;
static bool unnoted;
static struct hal_fault fault;

static uint32_t checksum(void)
{
    return crc32(0, (const uint8_t *)&retained, offsetof(struct retained, crc));
}

void retained_start(void)
{
    bool known = retained.crc == checksum() && retained.reason <= HAL_BOOT_FAULT;
    if (!known)
        memset(&retained, 0, sizeof retained);
    /* A reset without a note came from outside. */
    reason = retained.noted ? (enum hal_boot)retained.reason : HAL_BOOT_POWER;
    fault = retained.noted ? retained.fault : (struct hal_fault){0};
    unnoted = !retained.noted;
    retained.noted = 0;
    retained.starts++;
    retained.crc = checksum();
}

void retained_note(enum hal_boot why, const struct hal_fault *where)
{
    if (retained.noted)
        return;
    retained.reason = why;
    retained.fault = where != NULL ? *where : (struct hal_fault){0};
    retained.noted = 1;
    retained.crc = checksum();
}

void retained_unnoted(enum hal_boot why)
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
    return retained.starts;
}
