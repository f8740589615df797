/*
 * The channel between an emulated board and its simulator: two FIFOs in the node's folder, `from-node` and `to-node`.
 * The simulator creates both, and opens both for reading and writing before it starts the node, so that neither end
 * waits for the other. A frame is u8 type, u32 length of the body (little-endian), body. The node begins every exchange.
 *
 *   node -> simulator                                            | simulator -> node
 *   H  u8 version 1, name of the board: the node (re)started     |
 *   S  u8 sensor, u64 first, u32 count: samples wanted           | s  int16 values, count x channels, zeros past the end
 *   I  u64 now_us, u64 until_us, u32 room, u64 worked_us: idle;  | i  u64 new now_us (now_us to until_us), up to `room` bytes of the link
 *      with clock=virtual only                                   |
 *   L  bytes of the link; with clock=virtual only                |
 *   P  u8 length of the name, name, data: a tap                  |
 *   D  text: a line                                              |
 *   X  u8 code: the node ends                                    |
 */
#ifndef MOTE_SIM_CHANNEL_H
#define MOTE_SIM_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Opens the FIFOs and sends hello. */
void sim_channel_start(const char *folder);
bool sim_channel_open(void);

void sim_channel_samples(uint8_t sensor, uint64_t first, uint32_t count, uint8_t channels, int16_t *out);

/*
 * Sends that the node is idle from `now_us` until at most `until_us`, and returns the new time. `worked_us` is the
 * processor's own time since its start, which stands while it is idle; in QEMU with -icount a thousandth of the
 * executed instructions. Bytes of the link that come with the answer are stored, at most SIM_CHANNEL_ROOM.
 */
uint64_t sim_channel_idle(uint64_t now_us, uint64_t until_us, uint64_t worked_us);
enum { SIM_CHANNEL_ROOM = 1024 };
bool sim_channel_link_waits(void);
size_t sim_channel_link_read(uint8_t *bytes, size_t count);
void sim_channel_link_write(const uint8_t *bytes, size_t count);

/* Sends a tap, or a line if `data` is NULL. */
void sim_channel_trace(const char *name, size_t name_len, const uint8_t *data, size_t count);
void sim_channel_exit(uint8_t code);

#endif
