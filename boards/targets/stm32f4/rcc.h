/* Resets and clocks (RM 6.3): the switches that more than one file turns. */
#ifndef MOTE_RCC_H
#define MOTE_RCC_H

#include "arch/cortex-m/scb.h"

#define RCC(offset) REGISTER(0x40023800 + (offset))
#define RCC_CR RCC(0x00)
#define RCC_PLLCFGR RCC(0x04)
#define RCC_CFGR RCC(0x08)
#define RCC_AHB1ENR RCC(0x30)
#define RCC_AHB2ENR RCC(0x34)
#define RCC_APB1ENR RCC(0x40)
#define RCC_APB2ENR RCC(0x44)
#define RCC_CSR RCC(0x74)

enum {
    RCC_PORT_A = 1 << 0,
    RCC_RNG = 1 << 6,
    RCC_TIM3 = 1 << 1,
    RCC_TIM5 = 1 << 3,
    RCC_USART1 = 1 << 4,
    RCC_ADC1 = 1 << 8,
    RCC_FORGET_RESETS = 1 << 24,
    RCC_RESET_BY_WATCHDOG = 1 << 29,
};

#endif
