/*
 * The UART of the link: a ring buffer for each direction between the agent and the interrupt. The board implements the
 * functions that access the device (uart_device_*) and calls uart_interrupt in the device's interrupt.
 */
#ifndef MOTE_UART_H
#define MOTE_UART_H

#include <stdbool.h>
#include <stdint.h>

/* Starts the device, with interrupts for received bytes. */
void uart_device_start(void);

/* Returns a received byte, or -1. */
int uart_device_get(void);

/* Passes a byte to the device. Returns false if it has no room. */
bool uart_device_put(uint8_t byte);

/*
 * Enables or disables the interrupts for received bytes and for room. While a ring is full, bytes stay in the device,
 * which may then stop the sender.
 */
void uart_device_interrupts(bool received, bool room);

void uart_interrupt(void);

/*
 * Returns whether to wake the sleeping agent: bytes wait, or there is room again after a write that was cut short.
 * Interrupts must be off.
 */
bool uart_wakes(void);

#endif
