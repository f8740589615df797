/* Clock tree of the STM32F429, from the kit's 8 MHz. */
#include "clocks.h"

#include "rcc.h"

/*
 * The kit's 8 MHz, divided by 8, times 336: a half for the processor, a seventh for noise and USB (RM 6.3); a bit that
 * must stay set.
 */
#define PLL_SETTING (8u | 336u << 6 | 1u << 22 | 7u << 24 | 1u << 29)
enum { HSE_ON = 1 << 16, HSE_READY = 1 << 17, PLL_ON = 1 << 24, PLL_READY = 1 << 25 };
enum { APB1_QUARTER = 5 << 10, APB2_HALF = 4 << 13, USE_PLL = 2, USES_PLL = 2 << 2 };

/* Five waits at 168 MHz and 2.7 V or more, prefetch and both caches (RM 3.5.1, 3.9.1). */
#define FLASH_ACR REGISTER(0x40023C00)
#define FLASH_SETTING (5u | 1u << 8 | 1u << 9 | 1u << 10)

void clocks_start(void)
{
    RCC_CR |= HSE_ON;
    while ((RCC_CR & HSE_READY) == 0)
        ;
    RCC_PLLCFGR = PLL_SETTING;
    RCC_CR |= PLL_ON;
    while ((RCC_CR & PLL_READY) == 0)
        ;
    FLASH_ACR = FLASH_SETTING;
    RCC_CFGR = APB1_QUARTER | APB2_HALF;
    RCC_CFGR = APB1_QUARTER | APB2_HALF | USE_PLL;
    while ((RCC_CFGR & 3 << 2) != USES_PLL)
        ;
    RCC_AHB1ENR |= RCC_PORT_A;
    RCC_AHB2ENR |= RCC_RNG;
    RCC_APB1ENR |= RCC_TIM5;
    RCC_APB2ENR |= RCC_USART1;
    /* A device may be used two cycles after its clock is on (RM 6.2.14). */
    (void)RCC_APB2ENR;
}
