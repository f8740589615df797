/* Options of an emulated node. */
#include "options.h"

#include <string.h>

#include "host.h"
#include "platform/hal.h"

/* Words, each terminated by a zero; empty ones where several spaces follow each other. */
static char words[768];
static const char *words_end;

void options_start(void)
{
    if (!host_options(words, sizeof words))
        host_fail(HOST_EXIT_OPTIONS, "too many options", NULL);
    char *at = words;
    while (*at != 0) {
        while (*at == ' ')
            *at++ = 0;
        const char *word = at;
        bool named = false;
        while (*at != 0 && *at != ' ')
            named |= *at++ == '=';
        if (at > word && !named)
            host_fail(HOST_EXIT_OPTIONS, "no option of the form key=value", word);
    }
    words_end = at;
}

char *options_value(const char *key, uint32_t index)
{
    size_t length = strlen(key);
    for (char *word = words; word < words_end; word += strlen(word) + 1)
        if (strncmp(word, key, length) == 0 && word[length] == '=' && index-- == 0)
            return word + length + 1;
    return NULL;
}

bool options_digits(const char **at, uint32_t most, uint32_t *number)
{
    uint64_t value = 0;
    const char *from = *at;
    for (; **at >= '0' && **at <= '9' && value <= most; ++*at)
        value = value * 10 + (uint64_t)(**at - '0');
    *number = (uint32_t)value;
    return *at > from && value <= most;
}

uint32_t options_number(const char *key, uint32_t least, uint32_t most, uint32_t otherwise)
{
    const char *at = options_value(key, 0);
    if (at == NULL)
        return otherwise;
    uint32_t number;
    if (!options_digits(&at, most, &number) || *at != 0 || number < least)
        host_fail(HOST_EXIT_OPTIONS, "not a number in range", key);
    return number;
}

bool options_choice(const char *key, const char *no, const char *yes)
{
    const char *value = options_value(key, 0);
    if (value == NULL || strcmp(value, no) == 0)
        return false;
    if (strcmp(value, yes) != 0)
        host_fail(HOST_EXIT_OPTIONS, "neither one nor the other", key);
    return true;
}

const char *hal_option(const char *name)
{
    return options_value(name, 0);
}
