/* The analog-to-digital converter as a sensor. */
#ifndef MOTE_ADC_H
#define MOTE_ADC_H

enum { ADC_NUMBER = 22 };

void adc_interrupt(void);

#endif
