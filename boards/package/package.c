/* The checks and their order are those of host/device/package/package.ts, so that both give the same code. */
#include "package.h"

#include <string.h>

#include "refuse.h"
#include "suit.h"

#define MAX_NAME 64

static bool refuse_name(struct reason *why, const char *code, const struct package *package, const char *rest)
{
    char name[MAX_NAME + 1] = {0};
    memcpy(name, package->metadata.name.bytes, package->metadata.name.count);
    refuse(why, code, "'", name);
    reason_add(why, rest);
    return false;
}

static bool check_sequence(uint64_t sequence, struct reason *why)
{
    return (sequence >= 1 && sequence <= UINT32_MAX) ||
           refuse(why, "PKG_SEQUENCE", "A package's sequence is a whole number of 1 to 4294967295.", "");
}

/* The rom lies at a multiple of PACKAGE_ALIGNMENT of the package; of 15 zeros, as many as that takes are before it. */
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

static bool read_contents(struct span bytes, struct envelope *envelope, struct package *package, struct reason *why)
{
    uint64_t sequence;
    if (!envelope_parse(bytes, envelope, why) || !manifest_sequence(envelope->manifest, &sequence, why) ||
        !check_sequence(sequence, why))
        return false;
    package->sequence = (uint32_t)sequence;
    if (!envelope->has[PAYLOAD_WASM] || !envelope->has[PAYLOAD_ROM] || !envelope->has[PAYLOAD_META])
        return refuse(why, "PKG_FORMAT", "A package holds #wasm, #rom, #meta and nothing else",
                      ", and this one does not.");
    if (!manifest_is(envelope->manifest, package->sequence, envelope->payload))
        return refuse(why, "PKG_DIGEST", "The package's manifest is not that of its contents",
                      "; it is damaged, get it again.");
    if (envelope->signature_count != 1 || !envelope->signature.plain)
        return refuse(why, "PKG_FORMAT", "A package has one signature that names its key and nothing else",
                      ", and this one does not.");
    package->key_id = envelope->signature.key_id;
    package->wasm = envelope->payload[PAYLOAD_WASM];
    if (!find_rom(bytes, envelope->payload[PAYLOAD_ROM], &package->rom))
        return refuse(why, "PKG_FORMAT", "The rom of a package lies at a multiple of 16 between 15 zeros",
                      ", and this one does not; build the package again with this version.");
    if (!metadata_parse(envelope->payload[PAYLOAD_META], &package->metadata, why))
        return false;
    sha256_of(bytes.bytes, bytes.count, package->sha256);
    return true;
}

static bool refuse_key(struct span id, struct reason *why)
{
    static const char digits[] = "0123456789abcdef";
    refuse(why, "PKG_KEY", "The package is signed with key ", "");
    for (uint32_t i = 0; i < id.count && i < REASON_TEXT_BYTES; i++)
        reason_add(why, (const char[]){digits[id.bytes[i] >> 4], digits[id.bytes[i] & 15], 0});
    reason_add(why, ", which isn't trusted here; sign it with a trusted key.");
    return false;
}

bool package_open(struct span bytes, const struct public_key *keys, uint32_t key_count, struct package *package,
                  struct reason *why)
{
    struct envelope envelope;
    *package = (struct package){0};
    if (!read_contents(bytes, &envelope, package, why))
        return false;
    for (uint32_t i = 0; i < key_count; i++) {
        if (!spans_equal(package->key_id, (struct span){keys[i].id, KEY_ID_BYTES}))
            continue;
        if (keys[i].algorithm != envelope.signature.algorithm)
            return refuse(why, "KEY_TYPE", "The key is not of the kind that the signature names",
                          "; use the key that signed the package.");
        return sign1_verify(&envelope.signature, &keys[i], envelope.digest) ||
               refuse(why, "PKG_SIGNATURE", "The package's signature is wrong",
                      ": it was changed after it was signed. Get it again.");
    }
    return refuse_key(package->key_id, why);
}

static void add_version(struct reason *why, uint32_t abi)
{
    reason_add_number(why, abi >> 16);
    reason_add(why, ".");
    reason_add_number(why, abi & 0xffff);
}

bool package_check(const struct package *package, const struct package_limits *limits, struct reason *why)
{
    const uint32_t abi = package->metadata.abi;
    const uint32_t memory_bytes = package->metadata.memory_bytes;
    if (abi >> 16 != limits->abi >> 16 || (abi & 0xffff) > (limits->abi & 0xffff)) {
        refuse_name(why, "PKG_ABI", package, "' was built for ABI ");
        add_version(why, abi);
        reason_add(why, "; this node has ");
        add_version(why, limits->abi);
        reason_add(why, ". Build it for the node, or update the node's firmware.");
        return false;
    }
    if (memory_bytes > limits->memory_bytes) {
        refuse_name(why, "PKG_MEMORY", package, "' needs ");
        reason_add_number(why, memory_bytes);
        reason_add(why, " bytes of memory; this node gives ");
        reason_add_number(why, limits->memory_bytes);
        reason_add(why, ". Use a smaller model or a larger node.");
        return false;
    }
    if (package->sequence <= limits->sequence) {
        refuse_name(why, "PKG_SEQUENCE", package, "' has sequence ");
        reason_add_number(why, package->sequence);
        reason_add(why, "; this node has confirmed ");
        reason_add_number(why, limits->sequence);
        reason_add(why, ". Build it with a higher sequence.");
        return false;
    }
    return true;
}
