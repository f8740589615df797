/* Construction of reasons. */
#include "reason.h"

#include "text.h"

bool refuse(struct reason *why, enum reason_number number)
{
    *why = (struct reason){.number = (uint16_t)number};
    return false;
}

bool refuse_numbers(struct reason *why, enum reason_number number, const uint32_t *numbers, uint32_t count)
{
    refuse(why, number);
    for (uint32_t i = 0; i < count; i++)
        reason_add(why, numbers[i]);
    return false;
}

void reason_add(struct reason *reason, int64_t number)
{
    reason->numbers[reason->count++] = number;
}

void reason_text(struct reason *reason, struct span line)
{
    struct text text = text_in(reason->text, sizeof reason->text);
    text_add_line(&text, line.bytes, line.count);
    reason->text_bytes = (uint8_t)text.length;
}
