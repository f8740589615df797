/* Reasons are cut between characters, so that they stay UTF-8. */
#include "reason.h"

#include <string.h>

/* Appends to a string in `size` bytes, the zero included. */
static void append(char *out, size_t size, const uint8_t *bytes, size_t count)
{
    size_t used = strlen(out);
    const uint8_t *zero = count > 0 ? memchr(bytes, 0, count) : NULL;
    if (zero != NULL)
        count = (size_t)(zero - bytes);
    if (count > size - 1 - used) {
        count = size - 1 - used;
        /* A byte 10xxxxxx belongs to the character before it. */
        while (count > 0 && (bytes[count] & 0xc0) == 0x80)
            count--;
    }
    if (count > 0)
        memcpy(out + used, bytes, count);
    out[used + count] = 0;
}

void reason_set_bytes(struct reason *reason, const uint8_t *code, size_t code_len, const uint8_t *text,
                      size_t text_len)
{
    memset(reason, 0, sizeof *reason);
    append(reason->code, sizeof reason->code, code, code_len);
    append(reason->text, sizeof reason->text, text, text_len);
}

void reason_set(struct reason *reason, const char *code, const char *text)
{
    reason_set_bytes(reason, (const uint8_t *)code, strlen(code), (const uint8_t *)text, strlen(text));
}

void reason_set_numbers(struct reason *reason, const char *code, const char *text, const uint32_t *numbers)
{
    reason_set(reason, code, "");
    for (size_t length; *text != 0; text += length) {
        length = strcspn(text, "#");
        append(reason->text, sizeof reason->text, (const uint8_t *)text, length);
        if (text[length] == '#') {
            reason_add_number(reason, *numbers++);
            length++;
        }
    }
}

void reason_add(struct reason *reason, const char *text)
{
    append(reason->text, sizeof reason->text, (const uint8_t *)text, strlen(text));
}

void reason_add_number(struct reason *reason, uint32_t number)
{
    char digits[11];
    size_t at = sizeof digits - 1;
    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    reason_add(reason, digits + at);
}
