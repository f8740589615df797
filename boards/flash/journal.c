/* The journal. Reading finds records in place; writing goes through a buffer of FLASH_PIECE_BYTES. */
#include "journal.h"

#include <string.h>

#include "base/bytes.h"

_Static_assert(FLASH_JOURNAL_HEADER_BYTES <= FLASH_PIECE_BYTES, "a header is one program");

static void encode_header(uint8_t *header, enum journal_kind kind, uint32_t generation)
{
    header[0] = 'm';
    header[1] = 'j';
    header[2] = FLASH_JOURNAL_FORMAT;
    header[3] = (uint8_t)kind;
    put_u32(header + 4, generation);
    put_u32(header + 8, crc32(0, header, 8));
}

/* Returns the generation, 1 or more; or 0 if there is no header of that kind, or one that could have no successor. */
static uint32_t read_header(const uint8_t *bank, enum journal_kind kind)
{
    uint8_t wanted[FLASH_JOURNAL_HEADER_BYTES];
    uint32_t generation = get_u32(bank + 4);
    encode_header(wanted, kind, generation);
    return memcmp(bank, wanted, FLASH_JOURNAL_HEADER_BYTES) == 0 && generation < UINT32_MAX ? generation : 0;
}

static uint32_t first_record(const struct journal *journal)
{
    return region_padded(&journal->region, FLASH_JOURNAL_HEADER_BYTES);
}

static const uint8_t *bank_bytes(const struct journal *journal)
{
    return region_bytes(&journal->region) + journal->bank * journal->bank_bytes;
}

/* Returns the bytes that the record at `at` of the bank takes, or 0 if there is no valid record. */
static uint32_t valid_record(const struct journal *journal, uint32_t at)
{
    if (journal->bank_bytes - at < FLASH_RECORD_HEADER_BYTES)
        return 0;
    const uint8_t *record = bank_bytes(journal) + at;
    uint32_t length = get_u16(record);
    uint32_t stored = journal_stored_bytes(journal, length);
    if (length > FLASH_MAX_RECORD_BYTES || stored > journal->bank_bytes - at)
        return 0;
    uint32_t crc = crc32(crc32(0, record, 2), record + FLASH_RECORD_HEADER_BYTES, length);
    return get_u32(record + 2) == crc ? stored : 0;
}

bool journal_open(struct journal *journal, const struct flash_region *region, enum journal_kind kind)
{
    uint32_t bank_pages = region_pages(region) / 2;
    if (bank_pages < 1)
        return false;
    *journal = (struct journal){.region = *region, .kind = kind, .bank_bytes = bank_pages * region->flash->page};
    for (uint32_t bank = 0; bank < 2; bank++) {
        uint32_t generation = read_header(region_bytes(region) + bank * journal->bank_bytes, kind);
        if (generation > journal->generation) {
            journal->bank = bank;
            journal->generation = generation;
        }
    }
    if (journal->generation == 0)
        return true;
    uint32_t end = first_record(journal);
    for (uint32_t stored; (stored = valid_record(journal, end)) > 0;)
        end += stored;
    journal->records_end = end;
    /* A torn record can not be programmed over. What follows it goes to the other bank. */
    journal->closed = !region_is_blank(region, journal->bank * journal->bank_bytes + end, journal->bank_bytes - end);
    return true;
}

uint32_t journal_capacity(const struct journal *journal)
{
    return journal->bank_bytes - first_record(journal);
}

uint32_t journal_stored_bytes(const struct journal *journal, uint32_t count)
{
    return region_padded(&journal->region, FLASH_RECORD_HEADER_BYTES + count);
}

bool journal_next(const struct journal *journal, uint32_t *at, struct span *record)
{
    if (journal->generation == 0)
        return false;
    if (*at == 0)
        *at = first_record(journal);
    if (*at >= journal->records_end)
        return false;
    const uint8_t *found = bank_bytes(journal) + *at;
    *record = (struct span){.bytes = found + FLASH_RECORD_HEADER_BYTES, .count = get_u16(found)};
    *at += journal_stored_bytes(journal, record->count);
    return true;
}

bool journal_has_room(const struct journal *journal, uint32_t count)
{
    return journal->generation > 0 && !journal->closed &&
           journal_stored_bytes(journal, count) <= journal->bank_bytes - journal->records_end;
}

static void program_piece(struct journal_move *move)
{
    if (move->filled > 0 && !move->failed)
        move->failed = !region_program(&move->journal->region, move->at, move->piece, move->filled);
    move->at += move->filled;
    move->filled = 0;
}

static void put_bytes(struct journal_move *move, const uint8_t *bytes, uint32_t count)
{
    while (count > 0) {
        uint32_t some = FLASH_PIECE_BYTES - move->filled;
        if (some > count)
            some = count;
        memcpy(move->piece + move->filled, bytes, some);
        move->filled += some;
        bytes += some;
        count -= some;
        if (move->filled == FLASH_PIECE_BYTES)
            program_piece(move);
    }
}

void journal_put(struct journal_move *move, const struct span *parts, uint32_t part_count)
{
    uint8_t header[FLASH_RECORD_HEADER_BYTES];
    uint32_t count = 0;
    for (uint32_t i = 0; i < part_count; i++)
        count += parts[i].count;
    put_u16(header, (uint16_t)count);
    uint32_t crc = crc32(0, header, 2);
    for (uint32_t i = 0; i < part_count; i++)
        crc = crc32(crc, parts[i].bytes, parts[i].count);
    put_u32(header + 2, crc);
    put_bytes(move, header, FLASH_RECORD_HEADER_BYTES);
    for (uint32_t i = 0; i < part_count; i++)
        put_bytes(move, parts[i].bytes, parts[i].count);
    /* A piece consists of whole writes, so it starts at a write. */
    const uint8_t blank = 0xff;
    while (move->filled % move->journal->region.flash->write != 0)
        put_bytes(move, &blank, 1);
}

static bool make_durable(struct journal_move *move)
{
    program_piece(move);
    return !move->failed && region_sync(&move->journal->region);
}

bool journal_append(struct journal *journal, const struct span *parts, uint32_t part_count)
{
    uint32_t bank = journal->bank * journal->bank_bytes;
    struct journal_move move = {.journal = journal, .at = bank + journal->records_end};
    /* If this program fails half way, nothing may follow in this bank. The next record then starts a new bank. */
    journal->closed = true;
    journal_put(&move, parts, part_count);
    if (!make_durable(&move))
        return false;
    journal->records_end = move.at - bank;
    journal->closed = false;
    return true;
}

static uint32_t other_bank(const struct journal *journal)
{
    return journal->generation > 0 && journal->bank == 0 ? 1 : 0;
}

void journal_begin(struct journal *journal, struct journal_move *move)
{
    uint32_t target = other_bank(journal) * journal->bank_bytes;
    *move = (struct journal_move){.journal = journal, .at = target + first_record(journal)};
    journal->closed = true;
    /* Always erase again, even if the bank reads as blank: an interrupted erase may look complete and not last. */
    uint32_t page = journal->region.flash->page;
    for (uint32_t at = 0; at < journal->bank_bytes && !move->failed; at += page)
        move->failed = !region_erase(&journal->region, (target + at) / page);
}

bool journal_finish(struct journal_move *move)
{
    struct journal *journal = move->journal;
    if (!make_durable(move))
        return false;
    uint32_t end = move->at;
    uint32_t bank = other_bank(journal);
    move->at = bank * journal->bank_bytes;
    move->filled = first_record(journal);
    memset(move->piece, 0xff, move->filled);
    encode_header(move->piece, journal->kind, journal->generation + 1);
    if (!make_durable(move))
        return false;
    journal->records_end = end - bank * journal->bank_bytes;
    journal->bank = bank;
    journal->generation++;
    journal->closed = false;
    return true;
}
