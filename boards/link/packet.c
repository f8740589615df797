/* Packets are little-endian, with the version in the high four bits of the first byte. */
#include "packet.h"

static bool parse_hello(struct span content, struct packet *packet)
{
    const uint8_t *at = content.bytes;
    if (content.count != LINK_HELLO_BYTES || at[1] > 1)
        return false;
    packet->ready = at[1] == 1;
    packet->session = get_u32(at + 2);
    packet->peer = get_u32(at + 6);
    packet->ack = get_u16(at + 10);
    packet->window = at[12];
    packet->max_bytes = get_u16(at + 13);
    return packet->session != 0 && packet->window != 0 && packet->window <= LINK_MAX_WINDOW && packet->max_bytes != 0;
}

bool packet_parse(struct span content, uint32_t max_bytes, struct packet *packet)
{
    const uint8_t *at = content.bytes;
    *packet = (struct packet){0};
    if (content.count < LINK_ACK_BYTES || at[0] >> 4 != LINK_VERSION)
        return false;
    const unsigned kind = at[0] & 15;
    packet->kind = (enum packet_kind)kind;
    switch (kind) {
    case PACKET_HELLO:
        return parse_hello(content, packet);
    case PACKET_DATA:
        if (content.count <= LINK_DATA_HEAD_BYTES || content.count > LINK_DATA_HEAD_BYTES + max_bytes)
            return false;
        packet->seq = get_u16(at + 1);
        packet->ack = get_u16(at + 3);
        packet->body = (struct span){.bytes = at + LINK_DATA_HEAD_BYTES, .count = content.count - LINK_DATA_HEAD_BYTES};
        return true;
    case PACKET_ACK:
    case PACKET_NAK:
        packet->ack = get_u16(at + 1);
        return content.count == LINK_ACK_BYTES;
    default:
        return false;
    }
}

uint8_t packet_put(uint8_t *out, const struct packet *packet)
{
    out[0] = (uint8_t)(LINK_VERSION << 4 | packet->kind);
    switch (packet->kind) {
    case PACKET_HELLO:
        out[1] = packet->ready ? 1 : 0;
        put_u32(out + 2, packet->session);
        put_u32(out + 6, packet->peer);
        put_u16(out + 10, packet->ack);
        out[12] = packet->window;
        put_u16(out + 13, packet->max_bytes);
        return LINK_HELLO_BYTES;
    case PACKET_DATA:
        put_u16(out + 1, packet->seq);
        put_u16(out + 3, packet->ack);
        return LINK_DATA_HEAD_BYTES;
    default:
        put_u16(out + 1, packet->ack);
        return LINK_ACK_BYTES;
    }
}
