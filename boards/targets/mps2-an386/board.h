/* MPS2 with the FPGA image AN386 (Arm DAI 0386), a Cortex-M4F: clock, interrupts and where its devices are. */
#ifndef MOTE_BOARD_H
#define MOTE_BOARD_H

#define CLOCK_HZ 25000000u
#define IRQS 32

#define UART_BASE 0x40004000u
#define UART_BAUD 115200u
#define UART_RECEIVED_NUMBER 0u
#define UART_SENT_NUMBER 1u

#define TIMER_BASE 0x40000000u
#define TIMER_NUMBER 8u

#define WATCHDOG_BASE 0x40008000u
#define WATCHDOG_EXCEPTION 2 /* the NMI */

#endif
