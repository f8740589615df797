/*
 * The flash beside the chip, by the functions of the boot ROM: sectors of 4 KiB, whole words. Nothing can be read from
 * it meanwhile, so the cache stands still and this runs from RAM with interrupts off: up to 400 ms for a sector, 3 ms
 * for a page of 256 bytes. What the cache held of it is forgotten afterwards.
 */
#include <string.h>

#include "board.h"
#include "irq.h"
#include "platform/hardware/internal_flash.h"

#define SECTOR 4096u
#define PAGE 256u
_Static_assert(BOARD_FLASH_PAGE == SECTOR && BOARD_FLASH_WRITE == 4, "as the ROM's functions have it");

/*
 * Addresses from the crate esp-rom-sys (esp32c3.rom.ld); what they take from ESP-IDF's esp_rom_spiflash.h. In the
 * order of NuttX's esp32c3_spiflash.c: the cache forgets before it goes on.
 */
#define ROM_DESCRIBE ((int (*)(uint32_t id, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t status))0x40000134u)
#define ROM_UNLOCK ((int (*)(void))0x40000140u)
#define ROM_ERASE_SECTOR ((int (*)(uint32_t number))0x40000128u)
#define ROM_WRITE ((int (*)(uint32_t at, const uint32_t *words, uint32_t bytes))0x4000012Cu)
#define ROM_CACHE_SUSPEND ((uint32_t(*)(void))0x40000524u)
#define ROM_CACHE_FORGET ((void (*)(void))0x400004D8u)
#define ROM_CACHE_RESUME ((void (*)(uint32_t autoload))0x40000528u)

/* What the boot ROM maps of it (chip's direct boot), so that is as far as anything here reaches. */
#define FLASH_BYTES 0x400000u
#define BLOCK 0x10000u
#define STATUS_BITS 0xFFFFu

enum work { DESCRIBE, ERASE, PROGRAM };

static uint32_t page[PAGE / 4];
static bool described;

/* In RAM as initialised data are. */
__attribute__((section(".data.in_ram"), noinline)) static int work(enum work what, uint32_t at, uint32_t count)
{
    int wrong;
    uint32_t autoload = ROM_CACHE_SUSPEND();
    if (what == PROGRAM) {
        wrong = ROM_WRITE(at, page, count);
    } else if (what == ERASE) {
        wrong = ROM_ERASE_SECTOR(at / SECTOR);
    } else {
        wrong = ROM_DESCRIBE(0, FLASH_BYTES, BLOCK, SECTOR, PAGE, STATUS_BITS);
        wrong |= ROM_UNLOCK();
    }
    ROM_CACHE_FORGET();
    ROM_CACHE_RESUME(autoload);
    return wrong;
}

/* Where the instruction bus has it. */
static bool work_alone(enum work what, uint32_t at, uint32_t count)
{
    int (*there)(enum work, uint32_t, uint32_t) =
        (int (*)(enum work, uint32_t, uint32_t))((uintptr_t)work - RAM_AS_DATA + RAM_AS_CODE);
    uint32_t state = irq_off();
    described = described || there(DESCRIBE, 0, 0) == 0;
    int wrong = there(what, at, count);
    irq_restore(state);
    return wrong == 0;
}

bool internal_flash_erase(uint32_t address)
{
    return work_alone(ERASE, address - FLASH_AS_DATA, 0);
}

bool internal_flash_program(uint32_t address, const uint8_t *bytes, uint32_t count)
{
    bool ok = true;
    for (uint32_t done = 0; done < count;) {
        uint32_t part = count - done < PAGE ? count - done : PAGE;
        memcpy(page, bytes + done, part);
        ok = work_alone(PROGRAM, address + done - FLASH_AS_DATA, part) && ok;
        done += part;
    }
    return ok;
}
