/* The interrupt matrix (TRM 8): any device's interrupt to any of the processor's lines. */
#ifndef MOTE_MATRIX_H
#define MOTE_MATRIX_H

#include <stdint.h>

/* Devices by their number in the matrix. */
enum { UART_SOURCE = 21, WATCHDOG_SOURCE = 33, CLOCK_SOURCE = 37, SAMPLE_SOURCE = 38, ADC_SOURCE = 43 };

/* Nothing reaches a line. */
void matrix_start(void);

/* From now on this device's interrupt is that line, for as long as the device asks. */
void matrix_connect(uint32_t source, uint32_t line);

#endif
