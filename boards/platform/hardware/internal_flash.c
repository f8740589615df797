/* The node's flash, in the chip or beside it, which can be read like memory. What was programmed is compared. */
#include "internal_flash.h"

#include <string.h>

#include "hardware.h"

static bool erase(const struct flash *flash, uint32_t at, uint32_t count)
{
    bool ok = true;
    for (uint32_t done = 0; done < count; done += flash->page)
        ok = internal_flash_erase(BOARD_FLASH_ORIGIN + at + done) && ok;
    return ok;
}

static bool program(const struct flash *flash, uint32_t at, const uint8_t *bytes, uint32_t count)
{
    return internal_flash_program(BOARD_FLASH_ORIGIN + at, bytes, count) && memcmp(flash->base + at, bytes, count) == 0;
}

/* Every operation is complete when it returns. */
static bool sync(const struct flash *flash)
{
    (void)flash;
    return true;
}

const struct flash hardware_flash = {
    .base = (const uint8_t *)BOARD_FLASH_ORIGIN,
    .size = BOARD_FLASH_BYTES,
    .page = BOARD_FLASH_PAGE,
    .write = BOARD_FLASH_WRITE,
    .erase = erase,
    .program = program,
    .sync = sync,
};
