/*
 * The link's UART: a ring for each direction between the agent and the interrupt. The board gives the few lines that touch the device
 * (uart_device_*) and calls uart_interrupt in the device's interrupt.
 */
#ifndef MOTE_UART_H
#define MOTE_UART_H

#include <stdbool.h>
#include <stdint.h>

/* Turns the device on, with interrupts for received bytes. */
void uart_device_start(void);

/* A byte that was received, or -1. */
int uart_device_get(void);

/* Gives a byte to the device if it has room. */
bool uart_device_put(uint8_t byte);

/* Whether received bytes and room for bytes interrupt. A ring that is full leaves bytes in the device, which may then stop the sender. */
void uart_device_interrupts(bool received, bool room);

void uart_interrupt(void);

/* Whether a sleeper is to wake: bytes wait, or there is room again after a write that was cut short. Interrupts are off. */
bool uart_wakes(void);

#endif
