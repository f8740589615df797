/*
 * The flash beside the chip (W25Q16JV or another of its kind), by the functions of the boot ROM (DS 2.8.3.1.3): sectors
 * of 4 KiB; any part of a page of 256 bytes is programmed by leaving the others ones. Code can't be read from it
 * meanwhile, so this runs from RAM with interrupts off: up to 400 ms for a sector, 3 ms for a page.
 */
#include <string.h>

#include "platform/hardware/internal_flash.h"
#include "platform/hardware/unlock.h"

#define FLASH_START 0x10000000u
#define PAGE 256u
#define BOOT2_WORDS 64u
_Static_assert(BOARD_FLASH_PAGE == 4096 && PAGE % BOARD_FLASH_WRITE == 0, "sectors, and whole writes in a page");

/* 64 KiB at once where there is so much, by this command. */
enum { BLOCK = 65536, ERASE_BLOCK = 0xD8 };

/* Addresses of the ROM's table of functions, and of the function that finds one by its two letters (DS 2.8.2.1). */
#define ROM_TABLE 0x14u
#define ROM_LOOKUP 0x18u
#define LETTERS(a, b) ((uint32_t)(a) | (uint32_t)(b) << 8)

static struct {
    void (*connect)(void);
    void (*leave_xip)(void);
    void (*erase)(uint32_t at, size_t count, uint32_t block, uint8_t command);
    void (*program)(uint32_t at, const uint8_t *bytes, size_t count);
    void (*flush)(void);
} rom;

/* What made the flash readable at the start, to do it again. */
static uint32_t boot2[BOOT2_WORDS];
static uint8_t page[PAGE];

/* Below 32 KiB. The volatile address keeps the compiler from taking it for an access through no pointer. */
static uintptr_t rom_halfword(uint32_t at)
{
    const volatile uint16_t *volatile address = (const volatile uint16_t *)(uintptr_t)at;
    return *address;
}

static void *rom_function(uint32_t letters)
{
    void *(*lookup)(uintptr_t, uint32_t) = (void *(*)(uintptr_t, uint32_t))rom_halfword(ROM_LOOKUP);
    return lookup(rom_halfword(ROM_TABLE), letters);
}

/* With the memory protection off: the ROM is no place that code may be at otherwise. */
static void find_functions(void)
{
    if (rom.connect != NULL)
        return;
    memcpy(boot2, (const void *)FLASH_START, sizeof boot2);
    rom.leave_xip = (void (*)(void))(uintptr_t)rom_function(LETTERS('E', 'X'));
    rom.erase = (void (*)(uint32_t, size_t, uint32_t, uint8_t))(uintptr_t)rom_function(LETTERS('R', 'E'));
    rom.program = (void (*)(uint32_t, const uint8_t *, size_t))(uintptr_t)rom_function(LETTERS('R', 'P'));
    rom.flush = (void (*)(void))(uintptr_t)rom_function(LETTERS('F', 'C'));
    rom.connect = (void (*)(void))(uintptr_t)rom_function(LETTERS('I', 'F'));
}

/* From the sector at `at` of the flash, or the page there when `program`. In RAM as initialised data are. */
__attribute__((section(".data.in_ram"), noinline)) static void work(uint32_t at, bool program)
{
    rom.connect();
    rom.leave_xip();
    if (program)
        rom.program(at, page, PAGE);
    else
        rom.erase(at, BOARD_FLASH_PAGE, BLOCK, ERASE_BLOCK);
    rom.flush();
    ((void (*)(void))((uintptr_t)boot2 | 1))();
}

static void work_alone(uint32_t address, bool program)
{
    uint32_t state = unlock();
    find_functions();
    work(address - FLASH_START, program);
    lock(state);
}

bool internal_flash_erase(uint32_t address)
{
    work_alone(address, false);
    return true;
}

bool internal_flash_program(uint32_t address, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t done = 0; done < count;) {
        uint32_t in_page = (address + done) % PAGE;
        uint32_t part = count - done < PAGE - in_page ? count - done : PAGE - in_page;
        memset(page, 0xFF, sizeof page);
        memcpy(page + in_page, bytes + done, part);
        work_alone(address + done - in_page, true);
        done += part;
    }
    return true;
}
