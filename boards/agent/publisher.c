/* Numbers what the node sends. The TypeScript twin is host/device/node/publisher.ts. */
#include "publisher.h"

#include "base/abi.h"
#include "platform/hal.h"
#include "state.h"

void publisher_telemetry(struct agent *agent, struct message_telemetry *frame)
{
    frame->seq = agent->publisher.frames++;
    uplink_telemetry(&agent->uplink, frame);
}

bool publisher_event(struct agent *agent, struct span name, struct span body)
{
    if (!uplink_event_room(&agent->uplink, name.count, body.count))
        return false;
    const struct message_event event = {
        .name = name, .t_us = (int64_t)hal_now_us(), .seq = agent->publisher.events++, .body = body};
    uplink_event(&agent->uplink, &event);
    return true;
}

void publisher_log(struct agent *agent, uint8_t level, struct span line)
{
    char space[MESSAGE_TEXT_BYTES];
    struct text text = text_in(space, sizeof space);
    text_add_line(&text, line.bytes, line.count);
    const struct message_log log = {.level = level, .t_us = (int64_t)hal_now_us(), .text = text_span(&text)};
    uplink_log(&agent->uplink, &log);
}

void publisher_error(struct agent *agent, const struct reason *reason)
{
    const struct message_log log = {.level = ABI_LEVEL_ERROR, .t_us = (int64_t)hal_now_us(), .reason = reason};
    uplink_log(&agent->uplink, &log);
}
