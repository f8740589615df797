/*
 * Wears a flash out as a node does over years: starts, changes of keys, updates. Answers with one line for each part of
 * it: its name, the fewest and the most erases of its pages. Usage: wear PAGE WRITE CHANGES SWAPS
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/storage.h"
#include "base/bytes.h"
#include "crypto/crypto.h"
#include "cut_flash.h"

#define AGENT_PAGES 4
#define MODULE_PAGES 4
#define JOURNAL_PAGES 2
#define SLOT_PAGES 4
#define PAGES (AGENT_PAGES + MODULE_PAGES + JOURNAL_PAGES + 2 * SLOT_PAGES)

static struct cut_flash chip;
static struct storage storage;
static struct reason why;

static void need(bool done)
{
    if (done)
        return;
    fprintf(stderr, "wear: reason %u\n", why.number);
    exit(1);
}

static void start(void)
{
    static const struct storage_layout layout = {AGENT_PAGES, MODULE_PAGES, {JOURNAL_PAGES, SLOT_PAGES}};
    int slot;
    need(storage_open(&storage, &chip.flash, &layout, &why));
    need(slots_boot(&storage.slots, &slot, &why));
}

/* A value of 4 to 63 bytes under one of eight keys. */
static void change(uint32_t number)
{
    const uint8_t key[2] = {'k', (uint8_t)('0' + number % 8)};
    uint8_t value[64] = {0};
    put_u32(value, number);
    need(kv_set(&storage.module, key, sizeof key, value, 4 + number * 7 % 60) == KV_OK);
}

/* A package that fills its slot, received, tried and confirmed. */
static void swap(uint32_t sequence)
{
    static uint8_t package[1 << 16];
    struct slots_offer offer = {.sequence = sequence, .total = slots_bytes(&storage.slots)};
    uint32_t received;
    int slot;
    memset(package, (int)(sequence & 0x7f), offer.total);
    sha256_of(package, offer.total, offer.sha256);
    need(slots_begin(&storage.slots, &offer, &received, &why));
    while (storage.slots.erasing != SLOT_NONE)
        need(slots_erase(&storage.slots, &why));
    need(slots_append(&storage.slots, 0, package, offer.total, &why));
    need(slots_finish(&storage.slots, &slot, &why));
    need(slots_start_trial(&storage.slots, &why));
    need(slots_boot(&storage.slots, &slot, &why));
    need(slots_confirm(&storage.slots, &why));
}

static void report(const char *name, uint32_t first, uint32_t count)
{
    uint32_t least = UINT32_MAX, most = 0;
    for (uint32_t page = first; page < first + count; page++) {
        least = chip.erases[page] < least ? chip.erases[page] : least;
        most = chip.erases[page] > most ? chip.erases[page] : most;
    }
    printf("%s %u %u\n", name, least, most);
}

int main(int argc, char **argv)
{
    static uint8_t image[PAGES << 14], written[PAGES << 14], undo[1 << 19];
    static uint32_t erases[PAGES];
    if (argc != 5) {
        fprintf(stderr, "usage: wear PAGE WRITE CHANGES SWAPS\n");
        return 2;
    }
    uint32_t changes = (uint32_t)atoi(argv[3]), swaps = (uint32_t)atoi(argv[4]);
    chip.flash.page = (uint32_t)atoi(argv[1]);
    chip.flash.write = (uint32_t)atoi(argv[2]);
    chip.flash.size = PAGES * chip.flash.page;
    chip.image = image;
    chip.written = written;
    chip.erases = erases;
    chip.undo = undo;
    chip.undo_size = sizeof undo;
    cut_flash_start(&chip);
    if (setjmp(chip.power) != 0) {
        fprintf(stderr, "wear: %s\n", chip.violation);
        return 1;
    }
    for (uint32_t sequence = 1; sequence <= swaps; sequence++) {
        start();
        for (uint32_t number = 0; number < changes / swaps; number++)
            change(sequence * 1000 + number);
        swap(sequence);
    }
    report("agent", 0, AGENT_PAGES);
    report("module", AGENT_PAGES, MODULE_PAGES);
    report("journal", AGENT_PAGES + MODULE_PAGES, JOURNAL_PAGES);
    report("slots", AGENT_PAGES + MODULE_PAGES + JOURNAL_PAGES, 2 * SLOT_PAGES);
    return 0;
}
