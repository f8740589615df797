/*
 * Drivers of a port in an emulator that has devices of the same kind. Executes letters that arrive over the link and
 * answers each with a line.
 */
#include <string.h>

#include "base/bytes.h"
#include "platform/bare/chip.h"
#include "platform/hal.h"
#include "platform/hardware/hardware.h"

static void put(const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        size_t done = hal_link_write((const uint8_t *)text, left);
        text += done;
        left -= done;
        if (left > 0)
            hal_sleep_until(UINT64_MAX);
    }
}

static void put_number(uint64_t value)
{
    char text[22];
    char *at = text + sizeof text;
    *--at = 0;
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    *--at = ' ';
    put(at);
}

static void try_sleep(void)
{
    uint64_t start = hal_now_us();
    uint64_t asleep = hal_asleep_us();
    hal_sleep_until(start + 20000);
    put_number(hal_now_us() - start);
    put_number(hal_asleep_us() - asleep);
}

/* Programs two pages, erases one, and reports the number of differences. */
static void try_flash(void)
{
    const struct flash *flash = hal_flash();
    static uint8_t bytes[64];
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + 1);
    wrong += !flash->erase(flash, 0, 2 * flash->page);
    for (uint32_t at = 0; at < 2 * flash->page; at += sizeof bytes)
        wrong += !flash->program(flash, at, bytes, sizeof bytes);
    for (uint32_t at = 0; at < 2 * flash->page; at++)
        wrong += flash->base[at] != bytes[at % sizeof bytes];
    wrong += !flash->erase(flash, flash->page, flash->page);
    for (uint32_t at = 0; at < 2 * flash->page; at++)
        wrong += flash->base[at] != (at < flash->page ? bytes[at % sizeof bytes] : 0xFF);
    /* A bit that is 0 can not become 1: the driver must report that. */
    memset(bytes, 0xFF, sizeof bytes);
    wrong += flash->program(flash, 0, bytes, sizeof bytes);
    put_number(wrong);
}

static void try_faults(uint8_t letter)
{
    struct hal_fault fault;
    if (letter == 'b') {
        put_number(hal_boot_reason(&fault));
        put_number(fault.kind);
        put_number(chip_starts());
        put_number(fault.pc);
    } else if (letter == 'r') {
        hal_reset();
    } else {
        /* An invalid instruction. */
        __asm volatile("udf #0");
    }
}

static void answer(uint8_t letter)
{
    const char name[] = {(char)letter, 0};
    put(name);
    if (letter == 'n') {
        put_number(hardware_noise());
        put_number(hardware_noise());
    } else if (letter == 's') {
        try_sleep();
    } else if (letter == 'f') {
        try_flash();
    } else if (letter == 'b' || letter == 'r' || letter == 'x') {
        try_faults(letter);
    }
    put("\n");
}

int main(void)
{
    chip_start();
    put("ready\n");
    for (;;) {
        uint8_t letter;
        if (hal_link_read(&letter, 1) == 1)
            answer(letter);
        else
            hal_sleep_until(UINT64_MAX);
    }
}
