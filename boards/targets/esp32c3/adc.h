/* The analog-to-digital converter as a sensor. */
#ifndef MOTE_ADC_H
#define MOTE_ADC_H

/* Of the converter, or of the timer that starts it. */
void adc_interrupt(void);

#endif
