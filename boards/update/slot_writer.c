/* Writes a package. Whole writes go straight from the message into flash; only an incomplete write waits in RAM. */
#include "slot_writer.h"

#include <string.h>

void slot_writer_start(struct slot_writer *writer, const struct flash_region *region, uint32_t total)
{
    *writer = (struct slot_writer){.region = *region, .total = total};
}

bool slot_writer_erase(struct slot_writer *writer, bool *done)
{
    const struct flash_region *region = &writer->region;
    if (!region_erase(region, writer->erased_pages++))
        return false;
    *done = writer->erased_pages * region->flash->page >= writer->total;
    return !*done || region_sync(region);
}

void slot_writer_resume(struct slot_writer *writer, const struct flash_region *region, uint32_t total)
{
    uint32_t page_bytes = region->flash->page;
    uint32_t page = (total - 1) / page_bytes;
    while (page > 0 && region_is_blank(region, page * page_bytes, page_bytes))
        page--;
    *writer = (struct slot_writer){
        .region = *region, .total = total, .received = page * page_bytes, .resumed = true, .doubtful = true};
}

/*
 * Erases pages that a loss of power may have left half done. It begins with the following page, so that an interruption
 * here leads back to here.
 */
static bool settle(struct slot_writer *writer)
{
    if (!writer->doubtful)
        return true;
    uint32_t page_bytes = writer->region.flash->page;
    uint32_t page = writer->received / page_bytes;
    if ((page + 1) * page_bytes < writer->total && !region_erase(&writer->region, page + 1))
        return false;
    if (!region_erase(&writer->region, page) || !region_sync(&writer->region))
        return false;
    writer->doubtful = false;
    return true;
}

/* Everything before a page is durable before the first byte of the page is programmed. */
static bool program(struct slot_writer *writer, uint32_t at, const uint8_t *bytes, uint32_t count)
{
    uint32_t page_bytes = writer->region.flash->page;
    while (count > 0) {
        uint32_t some = page_bytes - at % page_bytes;
        if (some > count)
            some = count;
        if (at % page_bytes == 0 && !region_sync(&writer->region))
            return false;
        if (!region_program(&writer->region, at, bytes, some))
            return false;
        at += some;
        bytes += some;
        count -= some;
    }
    return true;
}

static bool take(struct slot_writer *writer, const uint8_t *bytes, uint32_t count)
{
    uint32_t write = writer->region.flash->write;
    if (writer->tail_count > 0) {
        uint32_t some = write - writer->tail_count;
        if (some > count)
            some = count;
        memcpy(writer->tail + writer->tail_count, bytes, some);
        writer->tail_count += some;
        writer->received += some;
        bytes += some;
        count -= some;
        if (writer->tail_count < write)
            return true;
        if (!program(writer, writer->received - write, writer->tail, write))
            return false;
    }
    writer->tail_count = count % write;
    uint32_t whole = count - writer->tail_count;
    if (!program(writer, writer->received, bytes, whole))
        return false;
    memcpy(writer->tail, bytes + whole, writer->tail_count);
    writer->received += count;
    return true;
}

bool slot_writer_append(struct slot_writer *writer, const uint8_t *bytes, uint32_t count)
{
    if (count == 0 || (settle(writer) && take(writer, bytes, count)))
        return true;
    const struct flash_region region = writer->region;
    slot_writer_resume(writer, &region, writer->total);
    return false;
}

bool slot_writer_finish(struct slot_writer *writer)
{
    if (writer->tail_count > 0) {
        uint32_t write = writer->region.flash->write;
        memset(writer->tail + writer->tail_count, 0xff, write - writer->tail_count);
        uint32_t start = writer->received - writer->tail_count;
        writer->tail_count = 0;
        if (!program(writer, start, writer->tail, write)) {
            const struct flash_region region = writer->region;
            slot_writer_resume(writer, &region, writer->total);
            return false;
        }
    }
    return region_sync(&writer->region);
}
