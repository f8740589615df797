/* Arm's UART PL011. */
#ifndef MOTE_PL011_H
#define MOTE_PL011_H

/* Starts it: 8 bits at UART_BAUD from CLOCK_HZ, FIFOs, interrupts for received bytes. */
void pl011_start(void);

/* Its interrupt. */
void pl011_interrupt(void);

#endif
