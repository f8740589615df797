/*
 * The checks of the headers, and their order, are those of host/device/package/cose.ts, so that both report the same
 * code.
 */
#include "cose.h"

#include <string.h>

#include "base/constants.h"
#include "cbor/cbor.h"
#include "crypto/crypto.h"
#include "refuse.h"

enum header_parameter {
    HEADER_ALGORITHM = 1,
    HEADER_CONTENT_TYPE = 3,
    HEADER_KEY_ID = 4,
};

static bool bad(struct reason *why, enum cose_defect what)
{
    return refuse_numbers(why, REASON_COSE, (const uint32_t[]){what}, 1);
}

/* Reads a header map, which was checked as a value. Absent parameters stay empty. */
struct header {
    uint32_t count;
    struct span algorithm;
    struct span key_id;
    bool has_content_type;
    bool has_unknown;
};

static struct header read_header(struct cbor_reader *reader)
{
    struct header header = {0};
    header.count = cbor_map(reader, 0, UINT32_MAX);
    for (uint32_t i = 0; i < header.count; i++) {
        const struct span key = cbor_value(reader);
        const struct span value = cbor_value(reader);
        const uint8_t name = key.count == 1 ? key.bytes[0] : 0;
        if (name == HEADER_ALGORITHM)
            header.algorithm = value;
        else if (name == HEADER_KEY_ID)
            header.key_id = value;
        else if (name == HEADER_CONTENT_TYPE)
            header.has_content_type = true;
        else
            header.has_unknown = true;
    }
    return header;
}

/* Both maps have their keys in ascending order, and no key is a prefix of another. */
static bool have_common_key(struct cbor_reader a, struct cbor_reader b)
{
    uint32_t left_a = cbor_map(&a, 0, UINT32_MAX);
    uint32_t left_b = cbor_map(&b, 0, UINT32_MAX);
    while (left_a > 0 && left_b > 0) {
        struct cbor_reader after_a = a;
        struct cbor_reader after_b = b;
        const struct span key_a = cbor_value(&after_a);
        const struct span key_b = cbor_value(&after_b);
        const int order = memcmp(key_a.bytes, key_b.bytes, key_a.count < key_b.count ? key_a.count : key_b.count);
        if (order == 0)
            return true;
        if (order < 0) {
            cbor_value(&after_a);
            a = after_a;
            left_a--;
        } else {
            cbor_value(&after_b);
            b = after_b;
            left_b--;
        }
    }
    return false;
}

static bool read_key_id(struct span value, struct sign1 *sign1, struct reason *why)
{
    struct cbor_reader reader = cbor_read(value.bytes, value.count);
    sign1->has_key_id = true;
    sign1->key_id = cbor_bytes(&reader, 0, UINT32_MAX);
    return reader.error == CBOR_OK || bad(why, COSE_DEFECT_KEY_ID);
}

bool sign1_parse(struct span bytes, struct sign1 *sign1, struct reason *why)
{
    *sign1 = (struct sign1){0};
    if (!check_cbor(bytes, why))
        return false;
    struct cbor_reader reader = cbor_read(bytes.bytes, bytes.count);
    if (cbor_major(&reader) != CBOR_TAG || cbor_tag(&reader) != PACKAGE_SIGN1_TAG)
        return bad(why, COSE_DEFECT_MESSAGE);
    if (cbor_major(&reader) != CBOR_ARRAY || cbor_array(&reader, 0, UINT32_MAX) != 4)
        return bad(why, COSE_DEFECT_PARTS);
    if (cbor_major(&reader) != CBOR_BYTES)
        return bad(why, COSE_DEFECT_HEADERS);
    const struct span header = cbor_bytes(&reader, 0, UINT32_MAX);
    if (cbor_major(&reader) != CBOR_MAP)
        return bad(why, COSE_DEFECT_HEADERS);
    const struct span loose = cbor_value(&reader);
    const bool detached = cbor_null(&reader);
    if (!detached) {
        if (cbor_major(&reader) != CBOR_BYTES)
            return bad(why, COSE_DEFECT_PAYLOAD);
        cbor_value(&reader);
    }
    struct span signature = {0};
    if (cbor_major(&reader) == CBOR_BYTES)
        signature = cbor_bytes(&reader, 0, UINT32_MAX);
    if (signature.count != SIGNATURE_BYTES)
        return bad(why, COSE_DEFECT_SIGNATURE);
    sign1->signature = signature.bytes;
    /* An empty header may be encoded as an empty string, but then it has no algorithm. */
    if (header.count > 0 && !check_cbor(header, why))
        return false;
    struct cbor_reader inner = cbor_read(header.bytes, header.count);
    struct cbor_reader outer = cbor_read(loose.bytes, loose.count);
    if (header.count > 0 && cbor_major(&inner) != CBOR_MAP)
        return bad(why, COSE_DEFECT_PROTECTED);
    if (have_common_key(inner, outer))
        return bad(why, COSE_DEFECT_TWICE);
    const struct header covered = read_header(&inner);
    const struct header open = read_header(&outer);
    struct cbor_reader number = cbor_read(covered.algorithm.bytes, covered.algorithm.count);
    const int64_t algorithm = cbor_int(&number, KEY_EDDSA, KEY_ES256);
    if (algorithm != KEY_EDDSA && algorithm != KEY_ES256)
        return bad(why, COSE_DEFECT_ALGORITHM);
    sign1->algorithm = (enum key_algorithm)algorithm;
    sign1->protected_header = header;
    if (covered.has_unknown || open.has_unknown)
        return bad(why, COSE_DEFECT_PARAMETER);
    if (open.key_id.count > 0 && !read_key_id(open.key_id, sign1, why))
        return false;
    if (covered.key_id.count > 0 && !read_key_id(covered.key_id, sign1, why))
        return false;
    sign1->plain = detached && open.count == 0 && covered.count == 2 && covered.key_id.count > 0;
    return true;
}

/* Writes the head of a byte string, at most 5 bytes. */
static struct span byte_string_head(uint8_t *head, uint32_t count)
{
    struct cbor_writer writer = cbor_write(head, 5);
    /* The head of an array differs from that of a byte string only in the major type. */
    cbor_put_array(&writer, count);
    head[0] = (uint8_t)((head[0] & 0x1f) | CBOR_BYTES << 5);
    return (struct span){head, (uint32_t)writer.length};
}

bool sign1_verify(const struct sign1 *sign1, const struct public_key *key, struct span payload)
{
    /* Sig_structure (RFC 9052, section 4.4) without external data. */
    static const uint8_t context[] = "\x84\x6aSignature1";
    static const uint8_t no_data[] = {0x40};
    uint8_t header_head[5];
    uint8_t payload_head[5];
    const struct span parts[] = {
        {context, sizeof context - 1},
        byte_string_head(header_head, sign1->protected_header.count),
        sign1->protected_header,
        {no_data, sizeof no_data},
        byte_string_head(payload_head, payload.count),
        payload,
    };
    const uint32_t count = sizeof parts / sizeof parts[0];
    if (sign1->algorithm == KEY_EDDSA)
        return ed25519_verify(key->bytes, parts, count, sign1->signature);
    uint8_t digest[SHA256_BYTES];
    struct sha256 sha256;
    sha256_start(&sha256);
    for (uint32_t i = 0; i < count; i++)
        sha256_add(&sha256, parts[i].bytes, parts[i].count);
    sha256_finish(&sha256, digest);
    return p256_verify(key->bytes, digest, sign1->signature);
}
