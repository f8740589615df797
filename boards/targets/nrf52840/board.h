/*
 * nRF52840 (Nordic's product specification v1.7, "PS" below) on its development kit PCA10056: interrupts, pins and
 * where its devices are.
 */
#ifndef MOTE_BOARD_H
#define MOTE_BOARD_H

/* PS 3.2, peripheral instantiation: the interrupt's number is the base's bits 12 to 19. */
#define IRQS 48
#define WATCHDOG_EXCEPTION (16 + 16)

/* As wired to the kit's debug probe, which is a serial port of the computer (PCA10056 schematic, "VCOM"). */
#define PIN_RTS 5u
#define PIN_TXD 6u
#define PIN_CTS 7u
#define PIN_RXD 8u

#endif
