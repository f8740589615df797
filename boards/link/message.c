/* Parses messages of a shim in place. */
#include "message.h"

#include <string.h>

#include "base/utf8.h"

static struct span name(struct cbor_reader *from)
{
    const struct span text = cbor_text(from, 1, ABI_MAX_NAME);
    if (!wire_text(text.bytes, text.count))
        cbor_fail(from, CBOR_OUT_OF_RANGE);
    return text;
}

static uint32_t u32(struct cbor_reader *from)
{
    return (uint32_t)cbor_int(from, 0, UINT32_MAX);
}

static uint32_t size(struct cbor_reader *from, uint32_t min)
{
    return (uint32_t)cbor_int(from, min, INT32_MAX);
}

static void parse_command(struct cbor_reader *from, struct message_command *command)
{
    command->id = u32(from);
    command->name = name(from);
    command->body = cbor_bytes(from, 0, ABI_MAX_MESSAGE);
}

/*
 * Characters above U+FFFF (first byte 0xf0 or more) have surrogates in UTF-16, which sort before U+E000 to U+FFFF
 * (first byte 0xee or 0xef).
 */
static int rank(uint8_t byte)
{
    return byte == 0xee || byte == 0xef ? byte + 0x100 : byte;
}

int message_compare_names(struct span a, struct span b)
{
    const uint32_t shorter = a.count < b.count ? a.count : b.count;
    for (uint32_t i = 0; i < shorter; i++)
        if (a.bytes[i] != b.bytes[i])
            return rank(a.bytes[i]) - rank(b.bytes[i]);
    return (a.count > b.count) - (a.count < b.count);
}

bool message_setting(struct message_config *config, struct span *setting, int32_t *value)
{
    if (config->count == 0)
        return false;
    config->count--;
    *setting = name(&config->pairs);
    *value = (int32_t)cbor_int(&config->pairs, INT32_MIN, INT32_MAX);
    return config->pairs.error == CBOR_OK;
}

static void parse_config(struct cbor_reader *from, struct message_config *config)
{
    config->count = cbor_map(from, 0, MESSAGE_SETTINGS);
    config->pairs = *from;
    struct message_config rest = *config;
    struct span last = {0};
    struct span next;
    int32_t value;
    while (message_setting(&rest, &next, &value)) {
        if (last.count > 0 && message_compare_names(last, next) >= 0)
            cbor_fail(&rest.pairs, CBOR_KEY_ORDER);
        last = next;
    }
    *from = rest.pairs;
}

static void parse_offer(struct cbor_reader *from, struct message_offer *offer)
{
    offer->sha256 = cbor_bytes(from, MESSAGE_SHA256_BYTES, MESSAGE_SHA256_BYTES).bytes;
    offer->sequence = u32(from);
    offer->total = size(from, 1);
}

static void parse_chunk(struct cbor_reader *from, struct message_chunk *chunk)
{
    chunk->transfer = cbor_bytes(from, MESSAGE_TRANSFER_BYTES, MESSAGE_TRANSFER_BYTES).bytes;
    chunk->offset = size(from, 0);
    chunk->bytes = cbor_bytes(from, 1, MESSAGE_CHUNK_BYTES);
}

bool message_parse(const uint8_t *bytes, size_t count, struct message *message)
{
    struct cbor_reader from = cbor_read(bytes, count);
    const uint32_t items = cbor_array(&from, 1, UINT32_MAX);
    const uint32_t type = u32(&from);
    uint32_t wanted = 0;
    if (from.error != CBOR_OK)
        return false;
    message->type = (enum message_type)type;
    switch (type) {
    case MESSAGE_TIME:
        wanted = MESSAGE_TIME_ITEMS;
        message->as.time.sent_us = (uint64_t)cbor_int(&from, 0, CBOR_SAFE);
        message->as.time.utc_ms = (uint64_t)cbor_int(&from, 0, CBOR_SAFE);
        break;
    case MESSAGE_COMMAND:
        wanted = MESSAGE_COMMAND_ITEMS;
        parse_command(&from, &message->as.command);
        break;
    case MESSAGE_CONFIG:
        wanted = MESSAGE_CONFIG_ITEMS;
        parse_config(&from, &message->as.config);
        break;
    case MESSAGE_OFFER:
        wanted = MESSAGE_OFFER_ITEMS;
        parse_offer(&from, &message->as.offer);
        break;
    case MESSAGE_CHUNK:
        wanted = MESSAGE_CHUNK_ITEMS;
        parse_chunk(&from, &message->as.chunk);
        break;
    default:
        return false;
    }
    return cbor_end(&from) && items == wanted;
}
