/*
 * Opens flash with any content, 100,000 times and more: what was written with some bytes changed, noise, and journals
 * with valid records that no store would write. Whatever it is, opening ends, and what is written afterwards is there
 * at the next start. Usage: hostile RUNS SEED
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/storage.h"
#include "crypto/crypto.h"
#include "cut_flash.h"
#include "update/transfer.h"

#define PAGE 512
#define WRITE 8
#define KV_PAGES 2
#define PAGES 8
#define SIZE (PAGES * PAGE)

static uint8_t image[SIZE], written[SIZE / WRITE], undo[8 * SIZE], healthy[SIZE], package[700];
static uint32_t erases[PAGES];
static struct cut_flash chip = {.flash = {.size = SIZE, .page = PAGE, .write = WRITE}};
static struct kv kv;
static struct slots slots;
static struct reason why;
static uint32_t state;

static uint32_t below(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % limit;
}

static void need(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "hostile: %s (reason %u)\n", what, why.number);
    exit(1);
}

static void open_all(void)
{
    static const struct slots_layout layout = {.journal_pages = 2, .slot_pages = 2};
    const struct flash_region whole = {.flash = &chip.flash, .size = SIZE};
    const struct flash_region first = region_part(&whole, 0, KV_PAGES * PAGE);
    const struct flash_region rest = region_part(&whole, KV_PAGES * PAGE, SIZE - KV_PAGES * PAGE);
    need(kv_open(&kv, &first), "the store didn't open");
    need(slots_open(&slots, &rest, &layout, &why), "the slots didn't open");
}

/* Some bytes under one of four keys; a full store stays as it is. */
static void change_keys(void)
{
    const uint8_t key[1] = {(uint8_t)('a' + below(4))};
    uint8_t value[60];
    uint32_t count = below(sizeof value);
    for (uint32_t i = 0; i < count; i++)
        value[i] = (uint8_t)below(256);
    enum kv_result result = kv_set(&kv, key, sizeof key, value, count);
    struct span found;
    need(result == KV_OK || result == KV_FULL, "a key couldn't be set");
    open_all();
    if (result == KV_OK)
        need(kv_get(&kv, key, sizeof key, &found) && found.count == count && memcmp(found.bytes, value, count) == 0,
             "a key that was set isn't there");
    if (below(3) != 0)
        return;
    need(kv_delete(&kv, key, sizeof key) != KV_FLASH, "a key couldn't be deleted");
    need(!kv_get(&kv, key, sizeof key, &found), "a deleted key is there");
}

/* A push as far as it is taken: what was confirmed is what is booted after a start. */
static void push(void)
{
    struct slots_offer offer = {.sequence = slots.state.highest + 1 + below(5), .total = 1 + below(sizeof package)};
    uint32_t received;
    int slot;
    sha256_of(package, offer.total, offer.sha256);
    need(slots_boot(&slots, &slot, &why), "what to run couldn't be told");
    if (!slots_begin(&slots, &offer, &received, &why))
        return;
    while (slots.erasing != SLOT_NONE)
        need(slots_erase(&slots, &why), "a page couldn't be erased");
    if (slots_find(&slots, SLOT_RECEIVING) != SLOT_NONE)
        need(slots_append(&slots, received, package + received, offer.total - received, &why), "bytes weren't taken");
    /* A journal that says that half of it is there may be wrong: the digest finds out. */
    if (!slots_finish(&slots, &slot, &why) || slot == SLOT_NONE)
        return;
    need(slots_start_trial(&slots, &why) && slots_boot(&slots, &slot, &why), "a trial didn't start");
    if (below(2) == 0) {
        open_all();
        need(slots_boot(&slots, &slot, &why), "what to run couldn't be told");
        need(slots_find(&slots, SLOT_TRIAL) == SLOT_NONE, "a trial was booted twice");
        return;
    }
    need(slots_confirm(&slots, &why), "a trial couldn't be confirmed");
    open_all();
    need(slots_boot(&slots, &slot, &why) && slots.state.slot[slot].sequence == offer.sequence,
         "what was confirmed isn't booted");
}

/* A record that is valid in the journal's eyes, made of another one or of noise. */
static void put_record(struct journal *journal)
{
    uint8_t record[200];
    uint32_t at = 0;
    struct span found = {NULL, 0};
    for (uint32_t skip = below(4); journal_next(journal, &at, &found) && skip > 0; skip--)
        ;
    uint32_t count = found.count > 0 && found.count <= sizeof record ? found.count : 1 + below(sizeof record);
    for (uint32_t i = 0; i < count; i++)
        record[i] = found.count == count ? found.bytes[i] : (uint8_t)below(256);
    for (uint32_t changes = below(4); changes > 0; changes--)
        record[below(count)] = (uint8_t)below(below(2) == 0 ? 256 : 6);
    const struct span part = {record, count};
    if (journal_has_room(journal, count))
        need(journal_append(journal, &part, 1), "a record wasn't appended");
}

static void spoil(uint32_t run)
{
    memcpy(image, healthy, SIZE);
    if (run % 10 == 0) {
        for (uint32_t i = 0; i < SIZE; i++)
            image[i] = (uint8_t)below(256);
    }
    for (uint32_t changes = below(6); changes > 0; changes--)
        image[below(SIZE)] = (uint8_t)below(256);
    for (uint32_t i = 0; i < SIZE / WRITE; i++)
        written[i] = 0;
    for (uint32_t i = 0; i < SIZE; i++)
        written[i / WRITE] |= image[i] != 0xff;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: hostile RUNS SEED\n");
        return 2;
    }
    uint32_t runs = (uint32_t)atoi(argv[1]);
    state = (uint32_t)atoi(argv[2]) | 1;
    chip.image = image;
    chip.written = written;
    chip.erases = erases;
    chip.undo = undo;
    chip.undo_size = sizeof undo;
    cut_flash_start(&chip);
    for (uint32_t i = 0; i < sizeof package; i++)
        package[i] = (uint8_t)(i * 7);
    memcpy(healthy, image, SIZE);
    if (setjmp(chip.power) != 0) {
        fprintf(stderr, "hostile: %s\n", chip.violation);
        return 1;
    }
    for (uint32_t run = 0; run < runs; run++) {
        spoil(run);
        open_all();
        if (below(3) == 0) {
            put_record(&kv.journal);
            put_record(&slots.journal);
            open_all();
        }
        change_keys();
        push();
        /* The next runs spoil what this one left. */
        if (below(20) == 0)
            memcpy(healthy, image, SIZE);
    }
    printf("%u runs\n", runs);
    return 0;
}
