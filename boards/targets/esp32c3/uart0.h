/* UART0's interrupt. */
#ifndef MOTE_UART0_H
#define MOTE_UART0_H

void uart0_interrupt(void);

#endif
