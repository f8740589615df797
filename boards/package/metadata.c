/* Checks everything once, so that iterators can rely on it. */
#include "metadata.h"

#include "base/abi.h"
#include "base/constants.h"
#include "base/utf8.h"
#include "cbor/cbor.h"
#include "refuse.h"

static bool bad(struct reason *why, enum metadata_part part, enum metadata_defect defect)
{
    return refuse_numbers(why, REASON_METADATA, (const uint32_t[]){part, defect}, 2);
}

static bool read_text(struct cbor_reader *reader, struct span *text, enum metadata_part part, struct reason *why)
{
    if (cbor_major(reader) != CBOR_TEXT)
        return bad(why, part, METADATA_DEFECT_TEXT);
    *text = cbor_text(reader, 0, UINT32_MAX);
    if (text->count < 1 || text->count > ABI_MAX_NAME) {
        return refuse_numbers(why, REASON_METADATA_LENGTH, (const uint32_t[]){part, text->count}, 2);
    }
    return wire_text(text->bytes, text->count) || bad(why, part, METADATA_DEFECT_CONTROL);
}

/* As `read_text`, or empty. */
static bool read_optional(struct cbor_reader *reader, struct span *text, enum metadata_part part, struct reason *why)
{
    struct cbor_reader empty = *reader;
    if (cbor_major(&empty) == CBOR_TEXT && cbor_text(&empty, 0, UINT32_MAX).count == 0) {
        *text = cbor_text(reader, 0, UINT32_MAX);
        return true;
    }
    return read_text(reader, text, part, why);
}

static bool read_u32(struct cbor_reader *reader, uint32_t *number, enum metadata_part part, struct reason *why)
{
    if (cbor_major(reader) == CBOR_UINT)
        *number = (uint32_t)cbor_int(reader, 0, UINT32_MAX);
    else
        cbor_fail(reader, CBOR_WRONG_TYPE);
    return reader->error == CBOR_OK || bad(why, part, METADATA_DEFECT_U32);
}

static bool read_fuel(struct cbor_reader *reader, uint64_t *fuel, struct reason *why)
{
    bool negative = true;
    if (cbor_major(reader) == CBOR_UINT)
        *fuel = cbor_integer(reader, &negative);
    return (!negative && *fuel <= INT64_MAX) || bad(why, METADATA_PART_FUEL, METADATA_DEFECT_FUEL);
}

static bool read_name(struct cbor_reader *reader, struct reason *why)
{
    struct span name;
    return read_text(reader, &name, METADATA_PART_SOME_NAME, why);
}

static bool read_metric(struct cbor_reader *reader, struct reason *why)
{
    struct span text;
    if (cbor_major(reader) != CBOR_ARRAY || cbor_array(reader, 0, UINT32_MAX) != 3)
        return bad(why, METADATA_PART_METRIC, METADATA_DEFECT_METRIC);
    struct cbor_reader exponent = *reader;
    cbor_value(&exponent);
    cbor_value(&exponent);
    cbor_int(&exponent, -PACKAGE_MAX_EXPONENT, PACKAGE_MAX_EXPONENT);
    if (exponent.error != CBOR_OK)
        return bad(why, METADATA_PART_EXPONENT, METADATA_DEFECT_EXPONENT);
    if (!read_text(reader, &text, METADATA_PART_METRIC, why) ||
        !read_optional(reader, &text, METADATA_PART_UNIT, why))
        return false;
    *reader = exponent;
    return true;
}

static bool read_model(struct cbor_reader *reader, struct reason *why)
{
    struct span name;
    if (cbor_major(reader) != CBOR_ARRAY || cbor_array(reader, 0, UINT32_MAX) != 2)
        return bad(why, METADATA_PART_MODEL, METADATA_DEFECT_MODEL);
    struct cbor_reader digest = *reader;
    cbor_value(&digest);
    cbor_bytes(&digest, MESSAGE_SHA256_BYTES, MESSAGE_SHA256_BYTES);
    if (digest.error != CBOR_OK)
        return bad(why, METADATA_PART_DIGEST, METADATA_DEFECT_DIGEST);
    if (!read_text(reader, &name, METADATA_PART_MODEL, why))
        return false;
    *reader = digest;
    return true;
}

static bool read_list(struct cbor_reader *reader, struct metadata_list *list, enum metadata_part part,
                      bool (*read_item)(struct cbor_reader *, struct reason *), struct reason *why)
{
    const bool is_list = cbor_major(reader) == CBOR_ARRAY;
    const uint32_t count = is_list ? cbor_array(reader, 0, UINT32_MAX) : 0;
    if (!is_list || count > PACKAGE_METADATA_ITEMS)
        return bad(why, part, METADATA_DEFECT_LIST);
    list->at = reader->at;
    list->count = count;
    for (uint32_t i = 0; i < count; i++)
        if (!read_item(reader, why))
            return false;
    list->bytes = (uint32_t)(reader->at - list->at);
    return true;
}

static bool read_key(struct cbor_reader *reader, uint32_t key, struct metadata *metadata, struct reason *why)
{
    switch (key) {
    case METADATA_NAME:
        return read_text(reader, &metadata->name, METADATA_PART_NAME, why);
    case METADATA_VERSION:
        return read_text(reader, &metadata->version, METADATA_PART_VERSION, why);
    case METADATA_ABI:
        return read_u32(reader, &metadata->abi, METADATA_PART_ABI, why);
    case METADATA_MEMORY_BYTES:
        return read_u32(reader, &metadata->memory_bytes, METADATA_PART_MEMORY, why);
    case METADATA_SENSORS:
        return read_list(reader, &metadata->sensors, METADATA_PART_SENSORS, read_name, why);
    case METADATA_METRICS:
        return read_list(reader, &metadata->metrics, METADATA_PART_METRICS, read_metric, why);
    case METADATA_COMMANDS:
        return read_list(reader, &metadata->commands, METADATA_PART_COMMANDS, read_name, why);
    case METADATA_MODELS:
        return read_list(reader, &metadata->models, METADATA_PART_MODELS, read_model, why);
    case METADATA_FUEL:
        return read_fuel(reader, &metadata->fuel, why);
    case METADATA_TRIAL_MS:
        return read_u32(reader, &metadata->trial_ms, METADATA_PART_TRIAL, why);
    case METADATA_PRODUCT:
        return read_optional(reader, &metadata->product, METADATA_PART_PRODUCT, why);
    case METADATA_NODE:
        return read_optional(reader, &metadata->node, METADATA_PART_NODE, why);
    case METADATA_GROUP:
        return read_optional(reader, &metadata->group, METADATA_PART_GROUP, why);
    default:
        return read_u32(reader, &metadata->max_step, METADATA_PART_MAX_STEP, why);
    }
}

/* Returns whether an encoded value is this number, which is below 24. */
static bool is_byte(struct span value, uint32_t number)
{
    return value.count == 1 && value.bytes[0] == number;
}

bool metadata_parse(struct span bytes, struct metadata *metadata, struct reason *why)
{
    *metadata = (struct metadata){0};
    if (!check_cbor(bytes, why))
        return false;
    struct cbor_reader reader = cbor_read(bytes.bytes, bytes.count);
    if (cbor_major(&reader) != CBOR_MAP)
        return bad(why, METADATA_PART_IT, METADATA_DEFECT_MAP);
    const uint32_t count = cbor_map(&reader, 0, UINT32_MAX);
    if (count == 0 || !is_byte(cbor_value(&reader), METADATA_FORMAT) || !is_byte(cbor_value(&reader), PACKAGE_FORMAT))
        return refuse(why, REASON_PKG_FORMAT);
    /* Keys are unique and ascending, so this many within these bounds are all of them. */
    if (count != METADATA_KEYS)
        return bad(why, METADATA_PART_KEY, METADATA_DEFECT_KEY);
    for (uint32_t key = METADATA_NAME; key < METADATA_KEYS; key++) {
        if (!is_byte(cbor_value(&reader), key))
            return bad(why, METADATA_PART_KEY, METADATA_DEFECT_KEY);
        if (!read_key(&reader, key, metadata, why))
            return false;
    }
    return true;
}

/* Reads the next item and moves past it. Returns false if there are no more. */
static bool next_item(struct metadata_list *list, struct cbor_reader *item)
{
    if (list->count == 0)
        return false;
    struct cbor_reader reader = cbor_read(list->at, list->bytes);
    const struct span value = cbor_value(&reader);
    *item = cbor_read(value.bytes, value.count);
    list->at += value.count;
    list->bytes -= value.count;
    list->count--;
    return true;
}

bool metadata_next_name(struct metadata_list *list, struct span *name)
{
    struct cbor_reader item;
    if (!next_item(list, &item))
        return false;
    *name = cbor_text(&item, 0, UINT32_MAX);
    return true;
}

bool metadata_next_metric(struct metadata_list *list, struct metadata_metric *metric)
{
    struct cbor_reader item;
    if (!next_item(list, &item))
        return false;
    cbor_array(&item, 0, UINT32_MAX);
    metric->name = cbor_text(&item, 0, UINT32_MAX);
    metric->unit = cbor_text(&item, 0, UINT32_MAX);
    metric->exponent = (int8_t)cbor_int(&item, -PACKAGE_MAX_EXPONENT, PACKAGE_MAX_EXPONENT);
    return true;
}

bool metadata_next_model(struct metadata_list *list, struct metadata_model *model)
{
    struct cbor_reader item;
    if (!next_item(list, &item))
        return false;
    cbor_array(&item, 0, UINT32_MAX);
    model->name = cbor_text(&item, 0, UINT32_MAX);
    model->sha256 = cbor_bytes(&item, 0, UINT32_MAX).bytes;
    return true;
}
