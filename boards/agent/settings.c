/* The configuration is stored as the message that brought it. */
#include "settings.h"

#include "link/message.h"
#include "platform/hal.h"

bool settings_get(const struct storage *storage, struct span name, int32_t *value)
{
    struct span stored;
    struct message message;
    if (!storage_config(storage, &stored) || !message_parse(stored.bytes, stored.count, &message) ||
        message.type != MESSAGE_CONFIG)
        return false;
    struct span setting;
    int32_t number;
    while (message_setting(&message.as.config, &setting, &number)) {
        if (!spans_equal(setting, name))
            continue;
        *value = number;
        return true;
    }
    return false;
}

uint32_t settings_option(const char *name, uint32_t otherwise)
{
    const char *at = hal_option(name);
    if (at == NULL)
        return otherwise;
    uint32_t number = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (uint32_t)(*at - '0');
    return number;
}
