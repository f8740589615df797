/* All of it is values of the agent's store. */
#include "identity.h"

#include <string.h>

#include "base/text.h"
#include "platform/hal.h"

/* Returns a name of the agent's store, empty if there is none that is valid. */
static struct span stored_name(const struct storage *storage, const char *key)
{
    struct span value;
    const bool ok = kv_get(&storage->agent, (const uint8_t *)key, strlen(key), &value) &&
                    text_is_name(value.bytes, value.count);
    return ok ? value : (struct span){0};
}

void identity_load(struct identity *identity, const struct storage *storage)
{
    struct span value;
    identity->key_count = 0;
    if (kv_get(&storage->agent, (const uint8_t *)KEYS_KEY, strlen(KEYS_KEY), &value))
        keys_parse(value, identity->keys, &identity->key_count);
    identity->product = stored_name(storage, "product");
    identity->group = stored_name(storage, "group");
    identity->id = stored_name(storage, "id");
    if (identity->id.count > 0)
        return;
    const char *id = hal_option("id");
    identity->id = text_of(id != NULL && text_is_name((const uint8_t *)id, strlen(id)) ? id : "mote");
}
