/*
 * Sensor `analog`: the voltage at pin PA5, 0 to the supply's as 0 to 4095, a thousand times a second. TIM3 starts each
 * conversion, whose end interrupts. ADC1: RM 13.13; TIM3: RM 18.4.
 */
#include "adc.h"

#include "board.h"
#include "platform/hardware/analog.h"
#include "platform/hardware/counter.h"
#include "rcc.h"

#define ADC(offset) REGISTER(0x40012000 + (offset))
#define ADC_CR1 ADC(0x04)
#define ADC_CR2 ADC(0x08)
#define ADC_SMPR2 ADC(0x10)
#define ADC_SQR3 ADC(0x34)
#define ADC_DR ADC(0x4C)
#define ADC_COMMON_CCR REGISTER(0x40012304)
enum { CHANNEL = 5, PIN_5_ANALOG = 3 << 10, END_IRQ = 1 << 5 };
enum { ADC_ON = 1, TRIGGER_TIM3 = 8 << 24, RISING = 1 << 28, CLOCK_BY_4 = 1 << 16, CYCLES_84 = 4 };
#define PORT_A_MODER REGISTER(0x40020000)

#define TIM3(offset) REGISTER(0x40000400 + (offset))
#define TIM3_CR1 TIM3(0x00)
#define TIM3_CR2 TIM3(0x04)
#define TIM3_EGR TIM3(0x14)
#define TIM3_PSC TIM3(0x28)
#define TIM3_ARR TIM3(0x2C)
enum { UPDATE_TRIGGERS = 2 << 4 };

void analog_on(void)
{
    RCC_APB1ENR |= RCC_TIM3;
    RCC_APB2ENR |= RCC_ADC1;
    (void)RCC_APB2ENR;
    PORT_A_MODER |= PIN_5_ANALOG;
    ADC_COMMON_CCR = CLOCK_BY_4;
    ADC_SMPR2 = CYCLES_84 << 3 * CHANNEL;
    ADC_SQR3 = CHANNEL;
    ADC_CR1 = END_IRQ;
    ADC_CR2 = ADC_ON | TRIGGER_TIM3 | RISING;
    nvic_enable(ADC_NUMBER, 0x40);
    TIM3_PSC = PERIPHERAL_HZ / 1000000u - 1;
    TIM3_ARR = ANALOG_PERIOD_US - 1;
    TIM3_EGR = 1;
    TIM3_CR2 = UPDATE_TRIGGERS;
    TIM3_CR1 = 1;
    analog.due_us = counter_now();
}

/* Both timers run from one clock. Reading the value ends the interrupt. */
void adc_interrupt(void)
{
    int16_t value = (int16_t)(ADC_DR & 0xFFF);
    samples_due(&analog, &value, 1, counter_now());
}
