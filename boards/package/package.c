/* The checks and their order are those of host/device/package/package.ts, so that both report the same code. */
#include "package.h"

#include <string.h>

#include "refuse.h"
#include "suit.h"

static bool refuse_name(struct reason *why, enum reason_number number, const struct package *package,
                        const uint32_t *numbers, uint32_t count)
{
    refuse_numbers(why, number, numbers, count);
    reason_text(why, package->metadata.name);
    return false;
}

static bool check_sequence(uint64_t sequence, struct reason *why)
{
    return (sequence >= 1 && sequence <= UINT32_MAX) ||
           refuse(why, REASON_PKG_RANGE);
}

/* The rom lies at a multiple of PACKAGE_ALIGNMENT in the package. Up to 15 zeros before it make sure of that. */
static bool find_rom(struct span bytes, struct span padded, struct span *rom)
{
    const uint32_t zeros = PACKAGE_ALIGNMENT - 1;
    const uint32_t before = (0U - (uint32_t)(padded.bytes - bytes.bytes)) % PACKAGE_ALIGNMENT;
    *rom = padded;
    if (padded.count == 0)
        return true;
    if (padded.count <= zeros)
        return false;
    *rom = (struct span){padded.bytes + before, padded.count - zeros};
    uint8_t any = 0;
    for (uint32_t i = 0; i < before; i++)
        any |= padded.bytes[i];
    for (uint32_t i = before; i < zeros; i++)
        any |= rom->bytes[rom->count + i - before];
    return any == 0;
}

static bool check_signer(const struct envelope *envelope, struct reason *why)
{
    return (envelope->signature_count == 1 && envelope->signature.plain) || refuse(why, REASON_PKG_SIGNATURES);
}

static bool read_contents(struct span bytes, struct envelope *envelope, struct package *package, struct reason *why)
{
    uint64_t sequence;
    if (!envelope_parse(bytes, envelope, why) || !manifest_sequence(envelope->manifest, &sequence, why) ||
        !check_sequence(sequence, why))
        return false;
    package->sequence = (uint32_t)sequence;
    if (!envelope->has[PAYLOAD_WASM] || !envelope->has[PAYLOAD_ROM] || !envelope->has[PAYLOAD_META])
        return refuse(why, REASON_PKG_PARTS);
    if (!manifest_is(envelope->manifest, package->sequence, envelope->payload))
        return refuse(why, REASON_PKG_DIGEST);
    if (!check_signer(envelope, why))
        return false;
    package->key_id = envelope->signature.key_id;
    package->wasm = envelope->payload[PAYLOAD_WASM];
    if (!find_rom(bytes, envelope->payload[PAYLOAD_ROM], &package->rom))
        return refuse(why, REASON_PKG_ROM);
    if (!metadata_parse(envelope->payload[PAYLOAD_META], &package->metadata, why))
        return false;
    sha256_of(bytes.bytes, bytes.count, package->sha256);
    return true;
}

static bool refuse_key(struct span id, struct reason *why)
{
    static const char digits[] = "0123456789abcdef";
    char hex[REASON_TEXT_BYTES];
    const uint32_t count = id.count < sizeof hex / 2 ? id.count : sizeof hex / 2;
    for (uint32_t i = 0; i < count; i++) {
        hex[2 * i] = digits[id.bytes[i] >> 4];
        hex[2 * i + 1] = digits[id.bytes[i] & 15];
    }
    refuse(why, REASON_PKG_KEY);
    reason_text(why, (struct span){(const uint8_t *)hex, 2 * count});
    return false;
}

static bool check_signature(const struct envelope *envelope, const struct public_key *keys, uint32_t key_count,
                            struct reason *why)
{
    const struct sign1 *signature = &envelope->signature;
    for (uint32_t i = 0; i < key_count; i++) {
        if (!spans_equal(signature->key_id, (struct span){keys[i].id, KEY_ID_BYTES}))
            continue;
        if (keys[i].algorithm != signature->algorithm)
            return refuse(why, REASON_KEY_TYPE);
        return sign1_verify(signature, &keys[i], envelope->digest) || refuse(why, REASON_PKG_SIGNATURE);
    }
    return refuse_key(signature->key_id, why);
}

bool package_open(struct span bytes, const struct public_key *keys, uint32_t key_count, struct package *package,
                  struct reason *why)
{
    struct envelope envelope;
    *package = (struct package){0};
    return read_contents(bytes, &envelope, package, why) && check_signature(&envelope, keys, key_count, why);
}

bool package_verify_head(struct span chunk, uint32_t sequence, uint32_t total, const struct public_key *keys,
                         uint32_t key_count, struct reason *why)
{
    struct envelope envelope;
    struct image image[PAYLOADS];
    struct span head;
    uint32_t members;
    uint64_t found;
    if (chunk.count > PACKAGE_HEAD_BYTES)
        chunk.count = PACKAGE_HEAD_BYTES;
    if (!envelope_parse_head(chunk, &envelope, &head, &members, why) ||
        !manifest_sequence(envelope.manifest, &found, why) || !check_sequence(found, why))
        return false;
    if (members != PAYLOADS + 2 || !manifest_read(envelope.manifest, (uint32_t)found, image))
        return refuse_numbers(why, REASON_PKG_HEAD, (const uint32_t[]){PACKAGE_HEAD_BYTES}, 1);
    if (!check_signer(&envelope, why))
        return false;
    if (found != sequence)
        return refuse_numbers(why, REASON_PKG_OFFERED, (const uint32_t[]){(uint32_t)found, sequence}, 2);
    uint64_t bytes = head.count;
    for (unsigned i = 0; i < PAYLOADS; i++)
        bytes += member_bytes((enum payload)i, image[i].bytes);
    if (bytes != total) {
        refuse(why, REASON_OTA_SIZE);
        reason_add(why, (int64_t)bytes);
        reason_add(why, total);
        return false;
    }
    return check_signature(&envelope, keys, key_count, why);
}

/* Returns whether the host is of the product, node or group that the package is for. */
static bool check_target(enum target target, struct span wanted, struct span own, struct reason *why)
{
    if (spans_equal(wanted, own) || (wanted.count == 0 && target != TARGET_PRODUCT))
        return true;
    refuse_numbers(why, REASON_PKG_TARGET, (const uint32_t[]){target}, 1);
    reason_text(why, wanted);
    return false;
}

bool package_check(const struct package *package, const struct package_limits *limits, struct reason *why)
{
    const uint32_t abi = package->metadata.abi;
    const uint32_t memory_bytes = package->metadata.memory_bytes;
    if (!check_target(TARGET_PRODUCT, package->metadata.product, limits->product, why) ||
        !check_target(TARGET_NODE, package->metadata.node, limits->node, why) ||
        !check_target(TARGET_GROUP, package->metadata.group, limits->group, why))
        return false;
    if (abi >> 16 != limits->abi >> 16 || (abi & 0xffff) > (limits->abi & 0xffff)) {
        const uint32_t versions[] = {abi >> 16, abi & 0xffff, limits->abi >> 16, limits->abi & 0xffff};
        return refuse_name(why, REASON_PKG_ABI, package, versions, 4);
    }
    if (memory_bytes > limits->memory_bytes)
        return refuse_name(why, REASON_PKG_MEMORY, package, (const uint32_t[]){memory_bytes, limits->memory_bytes}, 2);
    if (package->sequence <= limits->sequence)
        return refuse_name(why, REASON_PKG_SEQUENCE, package, (const uint32_t[]){package->sequence, limits->sequence},
                           2);
    if (package->sequence - limits->sequence > package->metadata.max_step)
        return refuse_name(why, REASON_PKG_STEP, package,
                           (const uint32_t[]){package->sequence, package->metadata.max_step, limits->sequence}, 3);
    return true;
}
