/*
 * Runs the code under test over requests from standard input, a line of answer each. A request is a letter and parts, a
 * part its length (u32, little-endian) and its bytes. Each part is in memory of its own, so that one byte read too many
 * is found.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "package/package.h"

static struct span read_part(void)
{
    uint8_t head[4];
    if (fread(head, 1, sizeof head, stdin) != sizeof head)
        exit(2);
    const uint32_t count = get_u32(head);
    uint8_t *bytes = malloc(count);
    if (bytes == NULL || fread(bytes, 1, count, stdin) != count)
        exit(2);
    return (struct span){bytes, count};
}

static void drop(struct span part)
{
    free((void *)(uintptr_t)part.bytes);
}

static void put_hex(const char *name, struct span bytes)
{
    printf(" %s=", name);
    for (uint32_t i = 0; i < bytes.count; i++)
        printf("%02x", bytes.bytes[i]);
}

static void put_names(const char *name, struct metadata_list list)
{
    struct span item;
    while (metadata_next_name(&list, &item))
        put_hex(name, item);
}

static void put_package(const struct package *package)
{
    const struct metadata *metadata = &package->metadata;
    struct metadata_list metrics = metadata->metrics;
    struct metadata_list models = metadata->models;
    struct metadata_metric metric;
    struct metadata_model model;
    printf("ok sequence=%u abi=%u memory=%u", package->sequence, metadata->abi, metadata->memory_bytes);
    printf(" fuel=%llu trial=%u", (unsigned long long)metadata->fuel, metadata->trial_ms);
    printf(" step=%u", metadata->max_step);
    put_hex("name", metadata->name);
    put_hex("version", metadata->version);
    put_hex("product", metadata->product);
    put_hex("node", metadata->node);
    put_hex("group", metadata->group);
    put_names("sensor", metadata->sensors);
    while (metadata_next_metric(&metrics, &metric)) {
        put_hex("metric", metric.name);
        put_hex("unit", metric.unit);
        printf(" exponent=%d", metric.exponent);
    }
    put_names("command", metadata->commands);
    while (metadata_next_model(&models, &model)) {
        put_hex("model", model.name);
        put_hex("sha256", (struct span){model.sha256, SHA256_BYTES});
    }
    put_hex("wasm", package->wasm);
    put_hex("rom", package->rom);
    put_hex("key", package->key_id);
    put_hex("package", (struct span){package->sha256, SHA256_BYTES});
}

/* Number, how many numbers, those, and the text. */
static void put_reason(const struct reason *reason)
{
    printf("reason %u %u", reason->number, reason->count);
    for (uint32_t i = 0; i < reason->count; i++)
        printf(" %lld", (long long)reason->numbers[i]);
    printf(" %.*s", reason->text_bytes, reason->text);
}

static void open_package(void)
{
    const struct span trusted = read_part();
    const struct span bytes = read_part();
    const struct span limits = read_part();
    const struct span product = read_part();
    const struct span node = read_part();
    const struct span group = read_part();
    struct public_key keys[PACKAGE_TRUSTED_KEYS];
    struct package package;
    struct reason why = {0};
    uint32_t count;
    const bool has_keys = keys_parse(trusted, keys, &count);
    const struct package_limits host = {
        .abi = get_u32(limits.bytes),
        .memory_bytes = get_u32(limits.bytes + 4),
        .sequence = get_u32(limits.bytes + 8),
        .product = product,
        .node = node,
        .group = group,
    };
    if (!has_keys)
        printf("keys");
    else if (package_open(bytes, keys, count, &package, &why) && package_check(&package, &host, &why))
        put_package(&package);
    else
        put_reason(&why);
    drop(trusted);
    drop(bytes);
    drop(limits);
    drop(product);
    drop(node);
    drop(group);
}

/* The first chunk of a package that was offered with a sequence and a size. */
static void verify_head(void)
{
    const struct span trusted = read_part();
    const struct span chunk = read_part();
    const struct span offer = read_part();
    struct public_key keys[PACKAGE_TRUSTED_KEYS];
    struct reason why = {0};
    uint32_t count;
    if (!keys_parse(trusted, keys, &count))
        printf("keys");
    else if (package_verify_head(chunk, get_u32(offer.bytes), get_u32(offer.bytes + 4), keys, count, &why))
        printf("ok");
    else
        put_reason(&why);
    drop(trusted);
    drop(chunk);
    drop(offer);
}

static void parse_keys(void)
{
    const struct span value = read_part();
    struct public_key keys[PACKAGE_TRUSTED_KEYS];
    uint32_t count;
    printf("%s", keys_parse(value, keys, &count) ? "ok" : "keys");
    for (uint32_t i = 0; i < count; i++) {
        printf(" %d", keys[i].algorithm);
        put_hex("id", (struct span){keys[i].id, KEY_ID_BYTES});
    }
    drop(value);
}

/* In two pieces, cut at the place that the second part says. */
static void hash(void)
{
    const struct span bytes = read_part();
    const struct span cut = read_part();
    const uint32_t first = get_u32(cut.bytes) % (bytes.count + 1);
    uint8_t digest[SHA256_BYTES];
    struct sha256 sha256;
    sha256_start(&sha256);
    sha256_add(&sha256, bytes.bytes, first);
    sha256_add(&sha256, bytes.bytes + first, bytes.count - first);
    sha256_finish(&sha256, digest);
    put_hex("sha256", (struct span){digest, sizeof digest});
    drop(bytes);
    drop(cut);
}

/* ECDSA over a message or over the digest itself, or Ed25519. */
static void verify(int letter)
{
    const struct span key = read_part();
    const struct span message = read_part();
    const struct span signature = read_part();
    bool ok;
    if (letter == 'd') {
        ok = p256_verify(key.bytes, message.bytes, signature.bytes);
    } else if (letter == 'p') {
        uint8_t digest[SHA256_BYTES];
        sha256_of(message.bytes, message.count, digest);
        ok = p256_verify(key.bytes, digest, signature.bytes);
    } else {
        ok = ed25519_verify(key.bytes, &message, 1, signature.bytes);
    }
    printf("%s", ok ? "true" : "false");
    drop(key);
    drop(message);
    drop(signature);
}

/* What a private key makes: a signature over a message, a secret with a peer's key, its public key. */
static void use_private_key(int letter)
{
    const struct span private_key = read_part();
    const struct span other = read_part();
    uint8_t out[P256_KEY_BYTES] = {0};
    uint8_t digest[SHA256_BYTES];
    bool ok;
    if (letter == 's') {
        sha256_of(other.bytes, other.count, digest);
        ok = p256_sign(private_key.bytes, digest, out);
    } else if (letter == 'a') {
        ok = p256_agree(private_key.bytes, other.bytes, out);
    } else {
        ok = p256_public_key(private_key.bytes, out);
    }
    printf(ok ? "ok" : "no");
    if (ok)
        put_hex("out", (struct span){out, letter == 'a' ? P256_SECRET_BYTES : P256_KEY_BYTES});
    drop(private_key);
    drop(other);
}

int main(void)
{
    for (int letter = getchar(); letter != EOF; letter = getchar()) {
        switch (letter) {
        case 'o':
            open_package();
            break;
        case 'f':
            verify_head();
            break;
        case 'k':
            parse_keys();
            break;
        case 'h':
            hash();
            break;
        case 'd':
        case 'p':
        case 'e':
            verify(letter);
            break;
        case 's':
        case 'a':
        case 'q':
            use_private_key(letter);
            break;
        default:
            return 2;
        }
        putchar('\n');
    }
    return 0;
}
