/* Stellaris LM3S6965 evaluation board (TI SPMS144, SPMU028), a Cortex-M3: clock, interrupts and where its devices are. */
#ifndef MOTE_BOARD_H
#define MOTE_BOARD_H

#define CLOCK_HZ 50000000u
#define IRQS 44

#define UART_BASE 0x4000C000u
#define UART_BAUD 115200u

#define WATCHDOG_BASE 0x40000000u
#define WATCHDOG_EXCEPTION (16 + 18) /* this chip's watchdog has an interrupt like any other */

#endif
