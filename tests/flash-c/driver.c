/*
 * Runs a script of operations on flash in memory and answers each line with a line: the result, the CRC-32 of the whole
 * flash, the number of programs and erases so far, and what the line did to the flash in its order. differential.test.ts
 * runs the same script with the TypeScript code.
 *
 * Usage: driver SIZE PAGE WRITE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/storage.h"
#include "base/bytes.h"
#include "cut_flash.h"
#include "update/transfer.h"

#define LINE_BYTES (1 << 18)
#define WORDS 6

static struct cut_flash chip;
/* The operations of the chip itself, which those of this driver record. */
static struct flash plain;
/* What a line did: erased and programmed pages, and syncs, each once if it is repeated. */
static char done[LINE_BYTES];
static uint32_t done_bytes, last_done;
static struct kv kv;
static struct storage storage;
/* Alone, or those of the storage. */
static struct slots own_slots, *slots = &own_slots;
static struct transfer transfer;
static struct reason why;
/* The clock of the node. */
static uint64_t time_us;
static char line[LINE_BYTES];
/* The words of the line: a command, then decimal numbers and hexadecimal bytes ("-" for none). */
static char *words[WORDS];

static void record(char operation, uint32_t page)
{
    char text[16];
    int count = operation == 's' ? snprintf(text, sizeof text, " s")
                                 : snprintf(text, sizeof text, " %c%u", operation, page);
    if (strcmp(done + last_done, text) == 0 || done_bytes + (uint32_t)count >= sizeof done)
        return;
    last_done = done_bytes;
    memcpy(done + done_bytes, text, (size_t)count + 1);
    done_bytes += (uint32_t)count;
}

static bool recorded_erase(const struct flash *flash, uint32_t at, uint32_t count)
{
    record('e', at / flash->page);
    return plain.erase(flash, at, count);
}

static bool recorded_program(const struct flash *flash, uint32_t at, const uint8_t *from, uint32_t count)
{
    record('p', at / flash->page);
    return plain.program(flash, at, from, count);
}

static bool recorded_sync(const struct flash *flash)
{
    record('s', 0);
    return plain.sync(flash);
}

static void start_chip(void)
{
    cut_flash_start(&chip);
    plain = chip.flash;
    chip.flash.erase = recorded_erase;
    chip.flash.program = recorded_program;
    chip.flash.sync = recorded_sync;
}

static uint32_t number(int index)
{
    return (uint32_t)strtoul(words[index], NULL, 10);
}

/* Decodes a word into its own place, so that each word has its bytes. */
static struct span bytes(int index)
{
    char *word = words[index];
    uint32_t count = 0;
    for (const char *at = word; *at != '-' && *at != 0; at += 2) {
        char digits[3] = {at[0], at[1], 0};
        word[count++] = (char)strtoul(digits, NULL, 16);
    }
    return (struct span){(const uint8_t *)word, count};
}

static void print_hex(const uint8_t *at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        printf("%02x", at[i]);
}

static struct flash_region pages(uint32_t first, uint32_t count)
{
    const struct flash_region whole = {.flash = &chip.flash, .size = chip.flash.size};
    return region_part(&whole, first * chip.flash.page, count * chip.flash.page);
}

/* Number, phase, numbers and the text in hexadecimal. */
static void print_reason(const struct reason *reason)
{
    printf("%u:%u:", reason->number, reason->during);
    for (uint32_t i = 0; i < reason->count; i++)
        printf(i == 0 ? "%lld" : ",%lld", (long long)reason->numbers[i]);
    putchar(':');
    print_hex((const uint8_t *)reason->text, reason->text_bytes);
}

static void print_ok(bool ok)
{
    if (ok)
        printf("ok");
    else
        print_reason(&why);
}

static void print_slots(void)
{
    static const char *const names[] = {"empty", "receiving", "ready", "trial", "confirmed", "failed"};
    const struct slots_state *state = &slots->state;
    printf(" highest=%u active=%d received=%u", state->highest, slots_active(slots), slots_received(slots));
    for (int i = 0; i < 2; i++) {
        const struct slot_record *record = &state->slot[i];
        printf(" [%s %u %u ", names[record->state], record->sequence, record->total);
        print_hex(record->sha256, 4);
        if (record->state == SLOT_FAILED) {
            putchar(' ');
            print_reason(&state->reason);
        }
        printf("]");
    }
}

static struct slots_offer offer_of(void)
{
    struct slots_offer offer = {.sequence = number(1), .total = number(2)};
    struct span sha256 = bytes(3);
    memcpy(offer.sha256, sha256.bytes, sizeof offer.sha256);
    return offer;
}

/* Packages that begin with ee are refused. */
static bool verify(void *context, struct span package, uint32_t sequence, struct reason *reason)
{
    (void)context;
    if (package.bytes[0] != 0xee)
        return true;
    return refuse_numbers(reason, REASON_PKG_OFFERED, (const uint32_t[]){sequence, 7}, 2);
}

/* Heads that begin with dd are refused. */
static bool verify_head(void *context, struct span chunk, const struct slots_offer *offer, struct reason *reason)
{
    (void)context;
    if (chunk.count == 0 || chunk.bytes[0] != 0xdd)
        return true;
    return refuse_numbers(reason, REASON_PKG_OFFERED, (const uint32_t[]){offer->sequence, 8}, 2);
}

static uint64_t now_us(void *context)
{
    (void)context;
    return time_us;
}

static void print_status(void *context, const struct transfer_status *status)
{
    (void)context;
    static const char *const names[] = {"receiving", "verifying",  "swapping", "trial",
                                        "confirmed", "rolledback", "refused"};
    printf("{%s %u %u %u ", names[status->state], status->sequence, status->received, status->total);
    print_hex(status->sha256, 4);
    if (status->reason != NULL) {
        putchar(' ');
        print_reason(status->reason);
    }
    printf("}");
}

static const struct transfer_callbacks callbacks = {
    .now_us = now_us, .verify_head = verify_head, .verify = verify, .status = print_status};

/* A record as it comes, valid or not. */
static void put_raw(struct journal *journal, struct span record)
{
    struct journal_move move;
    if (journal_has_room(journal, record.count)) {
        journal_append(journal, &record, 1);
        return;
    }
    journal_begin(journal, &move);
    journal_put(&move, &record, 1);
    journal_finish(&move);
}

static void run_kv(const char *command)
{
    static const char *const results[] = {"ok", "none", "KV_KEY", "KV_VALUE", "KV_FULL", "KV_FLASH"};
    struct span value, key;
    if (strcmp(command, "kv-open") == 0) {
        struct flash_region region = pages(number(1), number(2));
        printf("%s", kv_open(&kv, &region) ? "ok" : "FLASH_RANGE");
    } else if (strcmp(command, "kv-set") == 0) {
        key = bytes(1);
        value = bytes(2);
        printf("%s", results[kv_set(&kv, key.bytes, key.count, value.bytes, value.count)]);
    } else if (strcmp(command, "kv-delete") == 0) {
        key = bytes(1);
        printf("%s", results[kv_delete(&kv, key.bytes, key.count)]);
    } else if (strcmp(command, "kv-get") == 0) {
        key = bytes(1);
        if (kv_get(&kv, key.bytes, key.count, &value))
            print_hex(value.bytes, value.count);
        else
            printf("none");
    } else if (strcmp(command, "kv-raw") == 0) {
        put_raw(&kv.journal, bytes(1));
    } else {
        for (uint32_t at = 0; kv_next(&kv, &at, &key, &value);) {
            print_hex(key.bytes, key.count);
            printf("=%08x,", crc32(0, value.bytes, value.count));
        }
        printf(" %u", kv.used);
    }
}

static void run_slots(const char *command)
{
    struct span package;
    uint32_t received;
    int slot;
    if (strcmp(command, "slots-open") == 0) {
        struct flash_region region = pages(number(1), number(2));
        const struct slots_layout layout = {number(3), number(4)};
        slots = &own_slots;
        print_ok(slots_open(slots, &region, &layout, &why));
        transfer_open(&transfer, slots, &callbacks);
    } else if (strcmp(command, "slots-raw") == 0) {
        put_raw(&slots->journal, bytes(1));
    } else if (strcmp(command, "slots-begin") == 0) {
        struct slots_offer offer = offer_of();
        bool ok = slots_begin(slots, &offer, &received, &why);
        print_ok(ok);
        if (ok)
            printf(" %u", received);
    } else if (strcmp(command, "slots-erase") == 0) {
        print_ok(slots_erase(slots, &why));
    } else if (strcmp(command, "slots-append") == 0) {
        package = bytes(2);
        print_ok(slots_append(slots, number(1), package.bytes, package.count, &why));
    } else if (strcmp(command, "slots-finish") == 0) {
        print_ok(slots_finish(slots, &slot, &why));
    } else if (strcmp(command, "slots-discard") == 0) {
        print_ok(slots_discard(slots, &why));
    } else if (strcmp(command, "slots-read") == 0) {
        bool ok = slots_read(slots, (int)number(1), &package, &why);
        print_ok(ok);
        if (ok)
            printf(" %08x", crc32(0, package.bytes, package.count));
    } else if (strcmp(command, "slots-trial") == 0) {
        print_ok(slots_start_trial(slots, &why));
    } else if (strcmp(command, "slots-boot") == 0) {
        print_ok(slots_boot(slots, &slot, &why));
    } else if (strcmp(command, "slots-confirm") == 0) {
        print_ok(slots_confirm(slots, &why));
    } else if (strcmp(command, "slots-fail") == 0) {
        struct reason reason = {.number = (uint16_t)number(1), .during = (uint8_t)number(2)};
        if (words[3][0] != '-')
            reason_add(&reason, number(3));
        reason_text(&reason, bytes(4));
        print_ok(slots_fail(slots, &reason, &why));
    }
    print_slots();
}

static void run_transfer(const char *command)
{
    if (strcmp(command, "offer") == 0) {
        struct slots_offer offer = offer_of();
        transfer_offer(&transfer, &offer);
    } else if (strcmp(command, "erase") == 0) {
        if (transfer_erasing(&transfer))
            transfer_erase(&transfer);
    } else {
        struct span id = bytes(1), chunk = bytes(3);
        transfer_chunk(&transfer, id.bytes, number(2), chunk.bytes, chunk.count);
    }
    printf(" erasing=%d ready=%d", transfer_erasing(&transfer), transfer_ready(&transfer));
    print_slots();
}

static void run_storage(const char *command)
{
    struct span config;
    if (strcmp(command, "storage-open") == 0) {
        const struct storage_layout layout = {number(1), number(2), {number(3), number(4)}};
        bool ok = storage_open(&storage, &chip.flash, &layout, &why);
        print_ok(ok);
        if (!ok)
            return;
        printf(" %u ", storage.boot);
        if (storage_config(&storage, &config))
            print_hex(config.bytes, config.count);
        slots = &storage.slots;
        transfer_open(&transfer, slots, &callbacks);
        kv = storage.module;
    } else {
        config = bytes(1);
        printf("%d", storage_save_config(&storage, config.bytes, config.count));
    }
}

static void run(const char *command)
{
    if (strncmp(command, "kv", 2) == 0) {
        run_kv(command);
    } else if (strncmp(command, "slots", 5) == 0) {
        run_slots(command);
    } else if (strncmp(command, "storage", 7) == 0) {
        run_storage(command);
    } else if (strcmp(command, "offer") == 0 || strcmp(command, "erase") == 0 || strcmp(command, "chunk") == 0) {
        run_transfer(command);
    } else if (strcmp(command, "wait") == 0) {
        time_us += UINT64_C(60000000) * number(1);
    } else if (strcmp(command, "cut") == 0) {
        cut_flash_plan(&chip, number(1), (enum cut_mode)number(2));
    } else if (strcmp(command, "load") == 0) {
        /* Another chip: what programmed it isn't known, so whatever isn't blank may not be programmed again. */
        struct span image = bytes(2);
        start_chip();
        memcpy(chip.image + number(1), image.bytes, image.count);
        for (uint32_t at = 0; at < image.count; at++)
            chip.written[(number(1) + at) / chip.flash.write] |= image.bytes[at] != 0xff;
    } else if (strcmp(command, "dump") == 0) {
        print_hex(chip.image, chip.flash.size);
    } else {
        fprintf(stderr, "driver: unknown command '%s'\n", command);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: driver SIZE PAGE WRITE\n");
        return 2;
    }
    chip.flash.size = (uint32_t)atoi(argv[1]);
    chip.flash.page = (uint32_t)atoi(argv[2]);
    chip.flash.write = (uint32_t)atoi(argv[3]);
    chip.undo_size = 8 * chip.flash.size + LINE_BYTES;
    chip.image = malloc(chip.flash.size);
    chip.written = malloc(chip.flash.size / chip.flash.write);
    chip.erases = malloc(chip.flash.size / chip.flash.page * sizeof chip.erases[0]);
    chip.undo = malloc(chip.undo_size);
    start_chip();
    static char nothing[] = "";
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = 0;
        char *word = strtok(line, " ");
        for (int i = 0; i < WORDS; i++) {
            words[i] = word != NULL ? word : nothing;
            word = word != NULL ? strtok(NULL, " ") : NULL;
        }
        done[0] = 0;
        done_bytes = last_done = 0;
        switch (setjmp(chip.power)) {
        case 0:
            run(words[0]);
            break;
        case CUT_POWER:
            printf("cut");
            cut_flash_restart(&chip);
            break;
        default:
            fprintf(stderr, "driver: %s\n", chip.violation);
            return 3;
        }
        printf(" | %08x %u%s\n", crc32(0, chip.image, chip.flash.size), chip.operations, done);
    }
    free(chip.image);
    free(chip.written);
    free(chip.erases);
    free(chip.undo);
    return 0;
}
