/* MPS2+ with the FPGA image AN505 (Arm DAI 0505), a Cortex-M33 in the secure world: clock, interrupts and where its devices are. */
#ifndef MOTE_BOARD_H
#define MOTE_BOARD_H

#define CLOCK_HZ 20000000u
#define IRQS 128

#define UART_BASE 0x50200000u
#define UART_BAUD 115200u
#define UART_RECEIVED_NUMBER 32u
#define UART_SENT_NUMBER 33u

#define TIMER_BASE 0x50000000u
#define TIMER_NUMBER 3u

#define WATCHDOG_BASE 0x50081000u
#define WATCHDOG_EXCEPTION 2 /* the NMI */

#endif
