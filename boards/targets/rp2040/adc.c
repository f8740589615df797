/*
 * Sensor `analog`: the voltage at GPIO 26 (ADC0), 0 to 3.3 V as 0 to 4095, a thousand times a second by the converter's
 * own divider (DS 4.9). Each sample interrupts.
 */
#include "adc.h"

#include "platform/hardware/analog.h"
#include "platform/hardware/counter.h"
#include "resets.h"

#define ADC(offset) REGISTER(0x4004C000 + (offset))
#define ADC_CS ADC(0x00)
#define ADC_FCS ADC(0x08)
#define ADC_FIFO ADC(0x0C)
#define ADC_DIV ADC(0x10)
#define ADC_INTE ADC(0x18)
enum { ADC_ON = 1, ADC_AGAIN_AND_AGAIN = 1 << 3, ADC_READY = 1 << 8 };
enum { FIFO_ON = 1, FIFO_EMPTY = 1 << 8, FIFO_OVERFLOWN = 1 << 11, FIFO_INTERRUPTS_AT_ONE = 1 << 24, FIFO_SAMPLES = 4 };
#define ADC_HZ 48000000u

/* No input and no output by digital circuits. */
#define PAD_GPIO26 REGISTER(0x4001C06C)
enum { PAD_NO_OUTPUT = 1 << 7 };

void analog_on(void)
{
    let_go(RESET_ADC);
    PAD_GPIO26 = PAD_NO_OUTPUT;
    ADC_CS = ADC_ON;
    while ((ADC_CS & ADC_READY) == 0)
        ;
    ADC_DIV = (ADC_HZ / ANALOG_RATE_HZ - 1) << 8;
    ADC_FCS = FIFO_ON | FIFO_INTERRUPTS_AT_ONE;
    ADC_INTE = 1;
    nvic_enable(ADC_NUMBER, 0x40);
    ADC_CS = ADC_ON | ADC_AGAIN_AND_AGAIN;
    analog.due_us = counter_now();
}

/* Converter and counter run from one crystal. After a wait for the flash the FIFO has the first samples of it. */
void adc_interrupt(void)
{
    int16_t values[FIFO_SAMPLES];
    uint32_t count = 0;
    while (count < FIFO_SAMPLES && (ADC_FCS & FIFO_EMPTY) == 0)
        values[count++] = (int16_t)(ADC_FIFO & 0xFFF);
    ADC_FCS = FIFO_ON | FIFO_INTERRUPTS_AT_ONE | FIFO_OVERFLOWN; /* a one clears what is kept of an overflow */
    samples_due(&analog, values, count, counter_now());
}
