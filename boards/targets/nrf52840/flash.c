/*
 * The chip's own flash (NVMC, PS 4.3): pages of 4 KiB, words of 4 bytes, of which each is programmed once. The
 * processor stands still meanwhile: 85 ms for a page, 41 us for a word.
 */
#include "base/bytes.h"
#include "platform/hardware/internal_flash.h"
#include "platform/hardware/unlock.h"

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

bool internal_flash_erase(uint32_t address)
{
    uint32_t state = unlock();
    mode(NVMC_ERASE);
    NVMC_ERASEPAGE = address;
    wait();
    mode(NVMC_READ);
    lock(state);
    return true;
}

/* Interrupts come in between the words. */
bool internal_flash_program(uint32_t address, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t done = 0; done < count; done += 4) {
        uint32_t state = unlock();
        mode(NVMC_WRITE);
        REGISTER(address + done) = get_u32(bytes + done);
        wait();
        mode(NVMC_READ);
        lock(state);
    }
    return true;
}

_Static_assert(BOARD_FLASH_WRITE == 4, "as the controller has it");
