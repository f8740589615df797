/*
 * The chip's own flash (NVMC, PS 4.3): pages of 4 KiB, words of 4 bytes, of which each is programmed once. The processor stands still
 * meanwhile: 85 ms for a page, 41 us for a word.
 */
#include <string.h>

#include "bytes.h"
#include "hardware.h"
#include "unlock.h"

#define NVMC_READY REGISTER(0x4001E400)
#define NVMC_CONFIG REGISTER(0x4001E504)
#define NVMC_ERASEPAGE REGISTER(0x4001E508)
enum { NVMC_READ = 0, NVMC_WRITE = 1, NVMC_ERASE = 2 };

static void wait(void)
{
    while (NVMC_READY == 0)
        ;
}

static void mode(uint32_t mode)
{
    NVMC_CONFIG = mode;
    wait();
}

/* One page at a time with interrupts on in between. */
static bool erase(const struct flash *flash, uint32_t at, uint32_t count)
{
    for (uint32_t done = 0; done < count; done += flash->page) {
        uint32_t state = unlock();
        mode(NVMC_ERASE);
        NVMC_ERASEPAGE = BOARD_FLASH_ORIGIN + at + done;
        wait();
        mode(NVMC_READ);
        lock(state);
    }
    return true;
}

static bool program(const struct flash *flash, uint32_t at, const uint8_t *bytes, uint32_t count)
{
    (void)flash;
    for (uint32_t done = 0; done < count; done += 4) {
        uint32_t state = unlock();
        mode(NVMC_WRITE);
        REGISTER(BOARD_FLASH_ORIGIN + at + done) = get_u32(bytes + done);
        wait();
        mode(NVMC_READ);
        lock(state);
    }
    return memcmp(flash->base + at, bytes, count) == 0;
}

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
_Static_assert(BOARD_FLASH_WRITE == 4, "as the controller has it");
