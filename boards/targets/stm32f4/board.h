/*
 * STM32F429 (ST's reference manual RM0090, "RM" below) on the discovery kit STM32F429I-DISC1 (UM1670): clock and
 * interrupts.
 */
#ifndef MOTE_BOARD_H
#define MOTE_BOARD_H

/* RM table 62 ends at 90, DMA2D. */
#define IRQS 91
/* This watchdog (IWDG) raises none: it resets. */
#define WATCHDOG_EXCEPTION 0

/* APB2, and the timers of APB1, at half of the processor's 168 MHz. */
#define PERIPHERAL_HZ 84000000u

#endif
