/* The id and the trusted keys are values of the agent's store. */
#include "identity.h"

#include <string.h>

#include "base/text.h"
#include "platform/hal.h"

void identity_load(struct identity *identity, const struct storage *storage)
{
    struct span value;
    identity->key_count = 0;
    if (kv_get(&storage->agent, (const uint8_t *)KEYS_KEY, strlen(KEYS_KEY), &value))
        keys_parse(value, identity->keys, &identity->key_count);
    if (kv_get(&storage->agent, (const uint8_t *)"id", 2, &value) && text_is_name(value.bytes, value.count)) {
        identity->id = value;
        return;
    }
    const char *id = hal_option("id");
    identity->id = text_of(id != NULL && text_is_name((const uint8_t *)id, strlen(id)) ? id : "mote");
}
