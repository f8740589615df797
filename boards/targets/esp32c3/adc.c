/*
 * Sensor `analog`: the voltage at GPIO 3 (channel 3 of the first converter), 0 to about 2.5 V as 0 to 4095, a thousand
 * times a second by the system timer (TRM 34). Not calibrated: each chip has an offset and a scale of its own. The
 * timer's interrupt starts a conversion, the converter's has its value.
 */
#include "adc.h"

#include "matrix.h"
#include "platform/hardware/analog.h"
#include "platform/hardware/counter.h"
#include "timer.h"

#define DEVICE_CLOCKS REGISTER(0x600C0010)
#define DEVICE_RESETS REGISTER(0x600C0018)
#define ADC_DEVICE (1u << 28)

#define ADC(offset) REGISTER(0x60040000 + (offset))
#define ADC_CTRL ADC(0x00)
#define ADC_ONCE ADC(0x20)
#define ADC_VALUE ADC(0x2C)
#define ADC_INT_ENA ADC(0x40)
#define ADC_INT_ST ADC(0x48)
#define ADC_INT_CLR ADC(0x4C)
#define ADC_CLOCK ADC(0x54)
#define DONE_IRQ (1u << 31)
/* CTRL: software starts conversions, clocks and power are on. */
enum { STARTED_BY_SOFTWARE = 3, CLOCK_ON = 1 << 6, POWERED = 3 << 27 };
/* ONCE: one value of a channel, of which the highest attenuation lets most volts in; a rising START starts it. */
#define FIRST_CONVERTER (1u << 31)
#define START (1u << 29)
#define CHANNEL_3 (3u << 25)
#define MAX_VOLTS (3u << 23)
/* CLOCK: 80 MHz by 15, as Espressif's own driver has it (ESP-IDF, esp32c3, adc_ll.h). */
enum { FROM_80_MHZ = 2 << 21, BY_15 = 1 << 8 | 15 };

/* A pin without input and output by digital circuits, and without pull (TRM 5). */
#define PIN_3 REGISTER(0x60009010)
enum { PIN_AS_GPIO = 1 << 12 };

void analog_on(void)
{
    DEVICE_CLOCKS |= ADC_DEVICE;
    DEVICE_RESETS &= ~ADC_DEVICE;
    PIN_3 = PIN_AS_GPIO;
    ADC_CLOCK = FROM_80_MHZ | BY_15;
    ADC_CTRL |= STARTED_BY_SOFTWARE | CLOCK_ON | POWERED;
    ADC_ONCE = FIRST_CONVERTER | CHANNEL_3 | MAX_VOLTS;
    ADC_INT_CLR = DONE_IRQ;
    ADC_INT_ENA = DONE_IRQ;
    matrix_connect(ADC_SOURCE, ADC_LINE);
    matrix_connect(SAMPLE_SOURCE, ADC_LINE);
    /* A period is taken over on the way from one mode to the other. */
    TARGET_CONF(TARGET_SAMPLE) = ANALOG_PERIOD_US * TIMER_TICKS_PER_US;
    TARGET_TAKE(TARGET_SAMPLE) = 1;
    TARGET_CONF(TARGET_SAMPLE) = ANALOG_PERIOD_US * TIMER_TICKS_PER_US | TARGET_AGAIN_AND_AGAIN;
    TIMER_INT_CLR = TARGET_IRQ(TARGET_SAMPLE);
    TIMER_INT_ENA |= TARGET_IRQ(TARGET_SAMPLE);
    analog.due_us = counter_now();
    TIMER_CONF |= TARGET_ON(TARGET_SAMPLE);
}

/*
 * A conversion that is still under way is given up, and the next period starts another: also one whose start came too
 * soon after the last one's end to be seen. What was lost so is a zero.
 */
void adc_interrupt(void)
{
    if (ADC_INT_ST & DONE_IRQ) {
        int16_t value = (int16_t)(ADC_VALUE & 0xFFF);
        ADC_INT_CLR = DONE_IRQ;
        ADC_ONCE &= ~START;
        samples_due(&analog, &value, 1, counter_now());
    }
    if (TIMER_INT_ST & TARGET_IRQ(TARGET_SAMPLE)) {
        TIMER_INT_CLR = TARGET_IRQ(TARGET_SAMPLE);
        ADC_ONCE ^= START;
    }
}
