/* The manifest is compared with the only one that these payloads can have, so no command in it is ever interpreted. */
#include "suit.h"

#include <string.h>

#include "base/constants.h"
#include "cbor/cbor.h"
#include "crypto/crypto.h"
#include "refuse.h"

#define DIGEST_HEAD_BYTES 4
#define DIGEST_BYTES (DIGEST_HEAD_BYTES + SHA256_BYTES)

enum member {
    MEMBER_AUTHENTICATION = 2,
    MEMBER_MANIFEST = 3,
};

enum manifest_key {
    MANIFEST_VERSION = 1,
    MANIFEST_SEQUENCE = 2,
};

/* SUIT_Digest: a list of the number of SHA-256, -16, and 32 bytes. */
static const uint8_t DIGEST_HEAD[DIGEST_HEAD_BYTES] = {0x82, 0x2f, 0x58, SHA256_BYTES};

static bool bad(struct reason *why, enum suit_defect what)
{
    return refuse_numbers(why, REASON_SUIT, (const uint32_t[]){what}, 1);
}

static void make_digest(struct span bytes, uint8_t *digest)
{
    memcpy(digest, DIGEST_HEAD, DIGEST_HEAD_BYTES);
    sha256_of(bytes.bytes, bytes.count, digest + DIGEST_HEAD_BYTES);
}

/* A value and its encoding. */
static struct span next_bytes(struct cbor_reader *reader, struct span *encoded)
{
    encoded->bytes = reader->at;
    const struct span bytes = cbor_bytes(reader, 0, UINT32_MAX);
    encoded->count = reader->error == CBOR_OK ? (uint32_t)(reader->at - encoded->bytes) : 0;
    return bytes;
}

/* Names of the payloads, as the envelope has them. */
static const char *const NAMES[PAYLOADS] = {"\x65#wasm", "\x64#rom", "\x65#meta"};

/* Returns the payload of a member of the envelope, or PAYLOADS for another member. */
static unsigned payload_named(struct span key)
{
    unsigned i = 0;
    while (i < PAYLOADS && !spans_equal(key, (struct span){(const uint8_t *)NAMES[i], (uint32_t)strlen(NAMES[i])}))
        i++;
    return i;
}

static bool read_wrapper(struct span wrapper, struct envelope *envelope, struct reason *why)
{
    if (wrapper.count > PACKAGE_WRAPPER_BYTES)
        return bad(why, SUIT_DEFECT_WRAPPER_SIZE);
    if (!check_cbor(wrapper, why))
        return false;
    struct cbor_reader reader = cbor_read(wrapper.bytes, wrapper.count);
    const bool list = cbor_major(&reader) == CBOR_ARRAY;
    const uint32_t count = list ? cbor_array(&reader, 0, UINT32_MAX) : 0;
    if (count < 1)
        return bad(why, SUIT_DEFECT_WRAPPER_LIST);
    struct cbor_reader parts = reader;
    for (uint32_t i = 0; i < count; i++) {
        if (cbor_major(&parts) != CBOR_BYTES)
            return bad(why, SUIT_DEFECT_WRAPPER_PART);
        cbor_value(&parts);
    }
    envelope->digest = cbor_bytes(&reader, 0, UINT32_MAX);
    envelope->signature_count = count - 1;
    for (uint32_t i = 1; i < count; i++) {
        struct sign1 other;
        if (!sign1_parse(cbor_bytes(&reader, 0, UINT32_MAX), i == 1 ? &envelope->signature : &other, why))
            return false;
    }
    return true;
}

/* A package has no severed members, and only payloads of three names. */
static bool read_member(struct span key, struct span bytes, struct envelope *envelope, struct reason *why)
{
    const unsigned payload = payload_named(key);
    if (payload < PAYLOADS) {
        envelope->payload[payload] = bytes;
        envelope->has[payload] = true;
        return true;
    }
    if (key.bytes[0] >> 5 == CBOR_TEXT)
        return bad(why, SUIT_DEFECT_PAYLOAD);
    return bad(why, SUIT_DEFECT_MEMBER);
}

static bool check_digest(struct span signed_bytes, const struct envelope *envelope, struct reason *why)
{
    uint8_t digest[DIGEST_BYTES];
    make_digest(signed_bytes, digest);
    return spans_equal(envelope->digest, (struct span){digest, sizeof digest}) || bad(why, SUIT_DEFECT_DIGEST);
}

bool envelope_parse_head(struct span bytes, struct envelope *envelope, struct span *head, uint32_t *members,
                         struct reason *why)
{
    *envelope = (struct envelope){0};
    struct span signed_bytes;
    struct cbor_reader reader = cbor_read(bytes.bytes, bytes.count);
    const uint32_t tag = cbor_tag(&reader);
    *members = cbor_map(&reader, 0, UINT32_MAX);
    cbor_int(&reader, MEMBER_AUTHENTICATION, MEMBER_AUTHENTICATION);
    const struct span wrapper = cbor_bytes(&reader, 0, UINT32_MAX);
    cbor_int(&reader, MEMBER_MANIFEST, MEMBER_MANIFEST);
    envelope->manifest = next_bytes(&reader, &signed_bytes);
    if (reader.error != CBOR_OK || tag != PACKAGE_ENVELOPE_TAG)
        return refuse_numbers(why, REASON_PKG_HEAD, (const uint32_t[]){PACKAGE_HEAD_BYTES}, 1);
    *head = (struct span){bytes.bytes, (uint32_t)(reader.at - bytes.bytes)};
    return read_wrapper(wrapper, envelope, why) && check_digest(signed_bytes, envelope, why);
}

bool envelope_parse(struct span bytes, struct envelope *envelope, struct reason *why)
{
    struct span wrapper = {0};
    struct span signed_bytes = {0};
    bool has_wrapper = false;
    bool has_manifest = false;
    *envelope = (struct envelope){0};
    if (!check_cbor(bytes, why))
        return false;
    struct cbor_reader reader = cbor_read(bytes.bytes, bytes.count);
    if (cbor_major(&reader) != CBOR_TAG || cbor_tag(&reader) != PACKAGE_ENVELOPE_TAG || cbor_major(&reader) != CBOR_MAP)
        return bad(why, SUIT_DEFECT_START);
    const uint32_t count = cbor_map(&reader, 0, UINT32_MAX);
    struct cbor_reader members = reader;
    for (uint32_t i = 0; i < count; i++) {
        const struct span key = cbor_value(&members);
        const uint8_t name = key.count == 1 ? key.bytes[0] : 0;
        const bool is_bytes = cbor_major(&members) == CBOR_BYTES;
        if (name == MEMBER_AUTHENTICATION && is_bytes) {
            wrapper = cbor_bytes(&members, 0, UINT32_MAX);
            has_wrapper = true;
        } else if (name == MEMBER_MANIFEST && is_bytes) {
            envelope->manifest = next_bytes(&members, &signed_bytes);
            has_manifest = true;
        } else {
            cbor_value(&members);
        }
    }
    if (!has_wrapper)
        return bad(why, SUIT_DEFECT_WRAPPER_BYTES);
    if (!read_wrapper(wrapper, envelope, why))
        return false;
    if (!has_manifest)
        return bad(why, SUIT_DEFECT_MANIFEST_BYTES);
    if (!check_digest(signed_bytes, envelope, why))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct span key = cbor_value(&reader);
        const uint8_t name = key.count == 1 ? key.bytes[0] : 0;
        if (cbor_major(&reader) != CBOR_BYTES)
            return bad(why, SUIT_DEFECT_MEMBER_BYTES);
        const struct span member = cbor_bytes(&reader, 0, UINT32_MAX);
        if (name != MEMBER_AUTHENTICATION && name != MEMBER_MANIFEST && !read_member(key, member, envelope, why))
            return false;
    }
    return true;
}

bool manifest_sequence(struct span manifest, uint64_t *sequence, struct reason *why)
{
    *sequence = 0;
    if (!check_cbor(manifest, why))
        return false;
    struct cbor_reader reader = cbor_read(manifest.bytes, manifest.count);
    if (cbor_major(&reader) != CBOR_MAP)
        return bad(why, SUIT_DEFECT_MANIFEST_MAP);
    const uint32_t count = cbor_map(&reader, 0, UINT32_MAX);
    /* Keys are ascending, so these two come first. */
    if (count < 1 || cbor_major(&reader) != CBOR_UINT || cbor_int(&reader, 0, CBOR_SAFE) != MANIFEST_VERSION ||
        cbor_major(&reader) != CBOR_UINT || cbor_int(&reader, 0, CBOR_SAFE) != 1)
        return bad(why, SUIT_DEFECT_VERSION);
    if (count < 2 || cbor_major(&reader) != CBOR_UINT || cbor_int(&reader, 0, CBOR_SAFE) != MANIFEST_SEQUENCE ||
        cbor_major(&reader) != CBOR_UINT)
        return bad(why, SUIT_DEFECT_SEQUENCE);
    *sequence = (uint64_t)cbor_int(&reader, 0, CBOR_SAFE);
    return reader.error == CBOR_OK || bad(why, SUIT_DEFECT_SEQUENCE);
}

/* The rest of a manifest that was correct so far. */
struct match {
    const uint8_t *at;
    const uint8_t *end;
    bool ok;
};

static void match_bytes(struct match *match, const uint8_t *bytes, size_t count)
{
    match->ok = match->ok && (size_t)(match->end - match->at) >= count && memcmp(match->at, bytes, count) == 0;
    if (match->ok)
        match->at += count;
}

static void match_byte(struct match *match, uint32_t byte)
{
    const uint8_t bytes[] = {(uint8_t)byte};
    match_bytes(match, bytes, sizeof bytes);
}

/* Reads a number and returns the bytes that it takes. */
static uint32_t match_uint(struct match *match, uint32_t *value)
{
    struct cbor_reader reader = cbor_read(match->at, (size_t)(match->end - match->at));
    *value = (uint32_t)cbor_int(&reader, 0, UINT32_MAX);
    match->ok = match->ok && reader.error == CBOR_OK;
    const uint32_t bytes = match->ok ? (uint32_t)(reader.at - match->at) : 0;
    match->at += bytes;
    return bytes;
}

/* The digest of a payload. */
static const uint8_t *match_digest(struct match *match)
{
    match_bytes(match, DIGEST_HEAD, sizeof DIGEST_HEAD);
    match->ok = match->ok && match->end - match->at >= SHA256_BYTES;
    const uint8_t *digest = match->at;
    match->at += match->ok ? SHA256_BYTES : 0;
    return digest;
}

/* Start of the manifest, up to the sequence. */
static const uint8_t START[] = {0xa6, 1, 1, 2};
/* Components `wasm`, `rom`, `meta`, up to the length of the shared sequence. */
static const uint8_t COMPONENTS[] = "\xa2\x02\x83\x81\x44wasm\x81\x43rom\x81\x44meta\x04\x58";
/* The shared sequence: vendor and class for all components, both checked. */
static const uint8_t IDENTITY[] = {
    0x94, 0x0c, 0xf5, 0x14, 0xa2, 0x01, 0x50,                                                       /* vendor */
    0x04, 0xfe, 0xcb, 0xdd, 0x1e, 0xca, 0x5c, 0x07, 0x96, 0x6b, 0xd4, 0xf0, 0x7a, 0x0c, 0x7d, 0x72, /* */
    0x02, 0x50,                                                                                     /* class */
    0x2c, 0x15, 0x46, 0x5d, 0xed, 0x36, 0x5e, 0x44, 0x8f, 0xbf, 0xc6, 0x27, 0xd7, 0xb2, 0xbc, 0x2d, /* */
    0x01, 0x0f, 0x02, 0x0f,
};
/* After the number of a component: override its parameters by a map of digest and size, up to the digest. */
static const uint8_t IMAGE[] = {0x14, 0xa2, 0x03, 0x58, DIGEST_BYTES};
/* Validate, invoke, install. */
static const uint8_t END[] = "\x07\x45\x84\x0c\xf5\x03\x0f"
                             "\x09\x45\x84\x0c\x00\x17\x02"
                             "\x14\x58\x2e\x98\x18"
                             "\x0c\x00\x14\xa1\x15\x65#wasm\x15\x02\x03\x0f"
                             "\x0c\x01\x14\xa1\x15\x64#rom\x15\x02\x03\x0f"
                             "\x0c\x02\x14\xa1\x15\x65#meta\x15\x02\x03\x0f";
/* Before the size: 0x0c and the number, IMAGE, the digest, 0x0e. */
#define IMAGE_BYTES (2 + sizeof IMAGE + DIGEST_BYTES + 1)

bool manifest_read(struct span manifest, uint32_t sequence, struct image image[PAYLOADS])
{
    struct match match = {manifest.bytes, manifest.bytes + manifest.count, true};
    uint32_t sizes = 0;
    uint32_t found;
    match_bytes(&match, START, sizeof START);
    match_uint(&match, &found);
    match.ok = match.ok && found == sequence;
    /* Lengths of byte strings that contain sizes. They can be checked after the sizes have been read. */
    match_bytes(&match, (const uint8_t[]){3, 0x58}, 2);
    const uint8_t *common = match.at;
    match.at += match.ok && match.at < match.end;
    match_bytes(&match, COMPONENTS, sizeof COMPONENTS - 1);
    const uint8_t *shared = match.at;
    match.at += match.ok && match.at < match.end;
    match_bytes(&match, IDENTITY, sizeof IDENTITY);
    for (unsigned i = 0; i < PAYLOADS && match.ok; i++) {
        match_byte(&match, 0x0c);
        match_byte(&match, i);
        match_bytes(&match, IMAGE, sizeof IMAGE);
        image[i].digest = match_digest(&match);
        match_byte(&match, 0x0e);
        sizes += match_uint(&match, &image[i].bytes);
    }
    match_bytes(&match, END, sizeof END - 1);
    if (!match.ok || match.at != match.end)
        return false;
    const uint32_t shared_bytes = (uint32_t)(sizeof IDENTITY + PAYLOADS * IMAGE_BYTES) + sizes;
    return *shared == shared_bytes && *common == sizeof COMPONENTS - 1 + 1 + shared_bytes;
}

bool manifest_is(struct span manifest, uint32_t sequence, const struct span payload[PAYLOADS])
{
    struct image image[PAYLOADS];
    if (!manifest_read(manifest, sequence, image))
        return false;
    for (unsigned i = 0; i < PAYLOADS; i++) {
        uint8_t digest[SHA256_BYTES];
        sha256_of(payload[i].bytes, payload[i].count, digest);
        if (image[i].bytes != payload[i].count || memcmp(image[i].digest, digest, sizeof digest) != 0)
            return false;
    }
    return true;
}

uint64_t member_bytes(enum payload payload, uint32_t bytes)
{
    /* The head of a byte string is as long as that of an array. */
    struct cbor_writer head = cbor_write(NULL, 0);
    cbor_put_array(&head, bytes);
    return strlen(NAMES[payload]) + head.length + (uint64_t)bytes;
}
