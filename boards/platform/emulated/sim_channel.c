/* The node's end of the simulator channel. */
#include "sim_channel.h"

#include <string.h>

#include "base/bytes.h"
#include "host.h"

enum { VERSION = 1, HEADER_BYTES = 5 };

static int to_node = -1, from_node = -1;

/* Bytes of the link that came with the last answer to an idle frame. */
static uint8_t link_bytes[SIM_CHANNEL_ROOM];
static uint32_t link_start, link_end;

static _Noreturn void broken(const char *what)
{
    host_fail(HOST_EXIT_BROKEN, what, "simulator channel");
}

/* Sends a header, a first piece and a second one, which may be NULL. */
static void send(char type, const void *first, size_t first_count, const void *second, size_t second_count)
{
    uint8_t header[HEADER_BYTES] = {(uint8_t)type};
    put_u32(header + 1, (uint32_t)(first_count + second_count));
    if (!host_write(from_node, header, sizeof header) || !host_write(from_node, first, first_count) ||
        !host_write(from_node, second, second_count))
        broken("the simulator is gone");
}

/* Returns the length of the answer, which must have the given type and a length in the given range. */
static uint32_t answer(char type, uint32_t least, uint32_t most)
{
    uint8_t header[HEADER_BYTES];
    if (!host_read(to_node, header, sizeof header))
        broken("the simulator is gone");
    uint32_t length = get_u32(header + 1);
    if (header[0] != (uint8_t)type || length < least || length > most)
        broken("not the answer that was asked for");
    return length;
}

static void receive(void *bytes, size_t count)
{
    if (!host_read(to_node, bytes, count))
        broken("the simulator is gone");
}

void sim_channel_start(const char *folder)
{
    char path[256];
    host_path(path, sizeof path, folder, "from-node");
    from_node = host_open(path, HOST_UPDATE);
    host_path(path, sizeof path, folder, "to-node");
    to_node = host_open(path, HOST_READ);
    if (from_node < 0 || to_node < 0)
        broken("no FIFOs from-node and to-node in the folder");
    uint8_t version = VERSION;
    send('H', &version, 1, BOARD_NAME, strlen(BOARD_NAME));
}

bool sim_channel_open(void)
{
    return from_node >= 0;
}

void sim_channel_samples(uint8_t sensor, uint64_t first, uint32_t count, uint8_t channels, int16_t *out)
{
    uint8_t wanted[13] = {sensor};
    put_u64(wanted + 1, first);
    put_u32(wanted + 9, count);
    send('S', wanted, sizeof wanted, NULL, 0);
    uint32_t bytes = count * channels * (uint32_t)sizeof *out;
    answer('s', bytes, bytes);
    receive(out, bytes);
}

uint64_t sim_channel_idle(uint64_t now_us, uint64_t until_us, uint64_t worked_us)
{
    memmove(link_bytes, link_bytes + link_start, link_end - link_start);
    link_end -= link_start;
    link_start = 0;
    uint32_t room = SIM_CHANNEL_ROOM - link_end;
    uint8_t times[28];
    put_u64(times, now_us);
    put_u64(times + 8, until_us);
    put_u32(times + 16, room);
    put_u64(times + 20, worked_us);
    send('I', times, sizeof times, NULL, 0);
    uint32_t length = answer('i', 8, 8 + room);
    uint8_t time[8];
    receive(time, sizeof time);
    receive(link_bytes + link_end, length - 8);
    link_end += length - 8;
    uint64_t then_us = get_u64(time);
    if (then_us < now_us || then_us > until_us)
        broken("a time that doesn't lie in the idle time");
    return then_us;
}

bool sim_channel_link_waits(void)
{
    return link_end > link_start;
}

size_t sim_channel_link_read(uint8_t *bytes, size_t count)
{
    uint32_t held = link_end - link_start;
    if (count > held)
        count = held;
    memcpy(bytes, link_bytes + link_start, count);
    link_start += (uint32_t)count;
    return count;
}

void sim_channel_link_write(const uint8_t *bytes, size_t count)
{
    send('L', bytes, count, NULL, 0);
}

void sim_channel_trace(const char *name, size_t name_len, const uint8_t *data, size_t count)
{
    if (data == NULL) {
        send('D', name, name_len, NULL, 0);
        return;
    }
    uint8_t head[256];
    if (name_len > 255)
        name_len = 255;
    head[0] = (uint8_t)name_len;
    memcpy(head + 1, name, name_len);
    send('P', head, 1 + name_len, data, count);
}

void sim_channel_exit(uint8_t code)
{
    send('X', &code, 1, NULL, 0);
}
