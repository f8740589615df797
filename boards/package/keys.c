/* A list of byte strings: 32 bytes are an Ed25519 key, 65 bytes an uncompressed P-256 point (SEC 1, section 2.3.3). */
#include "keys.h"

#include <string.h>

#include "cbor/cbor.h"
#include "crypto/crypto.h"

#define UNCOMPRESSED 4

/* The bytes before the key in its SPKI DER (RFC 8410, section 4; RFC 5480, section 2). */
static const uint8_t ED25519_SPKI[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
static const uint8_t P256_SPKI[] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
};

static void make_id(uint8_t *id, const uint8_t *spki, size_t spki_len, struct span key)
{
    uint8_t digest[SHA256_BYTES];
    struct sha256 sha256;
    sha256_start(&sha256);
    sha256_add(&sha256, spki, spki_len);
    sha256_add(&sha256, key.bytes, key.count);
    sha256_finish(&sha256, digest);
    memcpy(id, digest, KEY_ID_BYTES);
}

static bool read_key(struct public_key *key, struct span bytes)
{
    if (bytes.count == ED25519_KEY_BYTES) {
        *key = (struct public_key){.algorithm = KEY_EDDSA, .bytes = bytes.bytes};
        make_id(key->id, ED25519_SPKI, sizeof ED25519_SPKI, bytes);
        return true;
    }
    if (bytes.count != 1 + P256_KEY_BYTES || bytes.bytes[0] != UNCOMPRESSED)
        return false;
    *key = (struct public_key){.algorithm = KEY_ES256, .bytes = bytes.bytes + 1};
    make_id(key->id, P256_SPKI, sizeof P256_SPKI, bytes);
    return true;
}

bool keys_parse(struct span value, struct public_key *keys, uint32_t *count)
{
    struct cbor_reader reader = cbor_read(value.bytes, value.count);
    const uint32_t items = cbor_array(&reader, 0, PACKAGE_TRUSTED_KEYS);
    bool ok = true;
    for (uint32_t i = 0; i < items && ok; i++)
        ok = read_key(&keys[i], cbor_bytes(&reader, 0, 1 + P256_KEY_BYTES)) && reader.error == CBOR_OK;
    ok = ok && cbor_end(&reader);
    *count = ok ? items : 0;
    return ok;
}
