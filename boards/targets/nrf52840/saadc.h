/* The analog-to-digital converter as a sensor. */
#ifndef MOTE_SAADC_H
#define MOTE_SAADC_H

enum { SAADC_NUMBER = 7 };

void saadc_interrupt(void);

#endif
