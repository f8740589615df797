/*
 * The chip's own flash (RM 3.6 and 3.9): sectors of 128 KiB, words of 4 bytes. The five small sectors at the start of
 * the second half are one page together. The processor stands still while the half is written that its code is in: 1 to
 * 2 s for a sector.
 */
#include "base/bytes.h"
#include "platform/hal.h"
#include "platform/hardware/internal_flash.h"
#include "platform/hardware/unlock.h"

#define FLASH(offset) REGISTER(0x40023C00 + (offset))
#define FLASH_ACR FLASH(0x00)
#define FLASH_KEYR FLASH(0x04)
#define FLASH_SR FLASH(0x0C)
#define FLASH_CR FLASH(0x10)
#define KEY_1 0x45670123u
#define KEY_2 0xCDEF89ABu
enum { DATA_CACHE = 1 << 10, DATA_CACHE_RESET = 1 << 12 };
enum { BUSY = 1 << 16, ERRORS = 0xF2 };
enum { PROGRAM = 1 << 0, ERASE_SECTOR = 1 << 1, BY_WORD = 2 << 8, START = 1 << 16, SECTOR = 3 };
#define LOCKED (1u << 31)

#define START_OF_FLASH 0x08000000u
#define SECOND_HALF 0x08100000u
#define PAGE 0x20000u
_Static_assert(BOARD_FLASH_ORIGIN % PAGE == 0 && BOARD_FLASH_ORIGIN > START_OF_FLASH, "pages are whole sectors");
_Static_assert(BOARD_FLASH_PAGE == PAGE && BOARD_FLASH_WRITE == 4, "as the controller has them");

static uint32_t begin(void)
{
    uint32_t state = unlock();
    if (FLASH_CR & LOCKED) {
        FLASH_KEYR = KEY_1;
        FLASH_KEYR = KEY_2;
    }
    FLASH_SR = ERRORS;
    return state;
}

/* True when nothing went wrong. */
static bool end(uint32_t state)
{
    __asm volatile("dsb" ::: "memory");
    while (FLASH_SR & BUSY)
        ;
    bool ok = (FLASH_SR & ERRORS) == 0;
    FLASH_CR = LOCKED;
    lock(state);
    return ok;
}

/* As the controller numbers it: the second half's sectors begin at 16. */
static bool erase_sector(uint32_t sector)
{
    uint32_t state = begin();
    FLASH_CR = ERASE_SECTOR | BY_WORD | sector << SECTOR;
    FLASH_CR = ERASE_SECTOR | BY_WORD | sector << SECTOR | START;
    bool ok = end(state);
    /* What the cache had of it is old (RM 3.5.2). */
    FLASH_ACR &= ~(uint32_t)DATA_CACHE;
    FLASH_ACR |= DATA_CACHE_RESET;
    FLASH_ACR &= ~(uint32_t)DATA_CACHE_RESET;
    FLASH_ACR |= DATA_CACHE;
    /* Several of them take longer than the watchdog waits. */
    hal_watchdog_feed();
    return ok;
}

/* The first half's sectors of this size are 5 to 11, of 0x20000 from its start on; the second half's are 17 to 23. */
bool internal_flash_erase(uint32_t address)
{
    if (address < SECOND_HALF)
        return erase_sector(4 + (address - START_OF_FLASH) / PAGE);
    if (address > SECOND_HALF)
        return erase_sector(16 + 4 + (address - SECOND_HALF) / PAGE);
    bool ok = true;
    for (uint32_t sector = 16; sector <= 20; sector++)
        ok = erase_sector(sector) && ok;
    return ok;
}

bool internal_flash_program(uint32_t address, const uint8_t *bytes, uint32_t count)
{
    bool ok = true;
    for (uint32_t done = 0; done < count; done += 4) {
        uint32_t state = begin();
        FLASH_CR = PROGRAM | BY_WORD;
        REGISTER(address + done) = get_u32(bytes + done);
        ok = end(state) && ok;
    }
    return ok;
}
