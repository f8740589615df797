/* RP2040 (Raspberry Pi's RP2040 datasheet, "DS" below) on a Pico: clock and interrupts. */
#ifndef MOTE_BOARD_H
#define MOTE_BOARD_H

/* DS 2.3.2; the last six can only be pended by software. */
#define IRQS 32
/* This watchdog raises none: it resets. */
#define WATCHDOG_EXCEPTION 0

/* Of processor and UART. */
#define CLOCK_HZ 125000000u
#define CRYSTAL_HZ 12000000u

#define UART_BASE 0x40034000u
#define UART_BAUD 115200u

#endif
