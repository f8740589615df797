/* LM3S6965: clock tree, UART0 (a PL011), timer 0 for alarms. */
#include "board.h"

#include "arch/cortex-m/alarm.h"
#include "arch/cortex-m/scb.h"
#include "drivers/pl011.h"
#include "platform/bare/chip.h"
#include "platform/bare/uart.h"

enum { UART_NUMBER = 5, WATCHDOG_NUMBER = 18, TIMER_NUMBER = 19 };

/* System control: the PLL's 200 MHz divided by 4, from the board's 8 MHz crystal; clocks of what is used. */
#define RIS REGISTER(0x400FE050)
#define RIS_PLL_LOCKED (1u << 6)
#define RCC REGISTER(0x400FE060)
#define RCC_STARTING 0x01800B80u /* divide by 4, crystal of 8 MHz on the main oscillator, PLL on but passed by */
#define RCC_RUNNING 0x01C00380u  /* the divider and the PLL in use */
#define RCGC0 REGISTER(0x400FE100)
#define RCGC1 REGISTER(0x400FE104)
#define RCGC2 REGISTER(0x400FE108)
enum { CLOCK_WATCHDOG = 1 << 3, CLOCK_UART0 = 1 << 0, CLOCK_TIMER0 = 1 << 16, CLOCK_PORT_A = 1 << 0 };

#define PORT_A_ALTERNATE REGISTER(0x40004420)
#define PORT_A_DIGITAL REGISTER(0x4000451C)
#define PORT_A_UART 3u /* pins 0 and 1 */

#define TIMER_CONFIG REGISTER(0x40030000)
#define TIMER_MODE REGISTER(0x40030004)
#define TIMER_CONTROL REGISTER(0x4003000C)
#define TIMER_MASK REGISTER(0x40030018)
#define TIMER_CLEAR REGISTER(0x40030024)
#define TIMER_LOAD REGISTER(0x40030028)

void board_interrupt(uint32_t irq);

static void clocks_start(void)
{
    RCC = RCC_STARTING;
    while ((RIS & RIS_PLL_LOCKED) == 0)
        ;
    RCC = RCC_RUNNING;
    RCGC0 = CLOCK_WATCHDOG;
    RCGC1 = CLOCK_UART0 | CLOCK_TIMER0;
    RCGC2 = CLOCK_PORT_A;
}

void chip_start(void)
{
    clocks_start();
    clock_start();
    nvic_enable(WATCHDOG_NUMBER, 0);
    TIMER_CONFIG = 0; /* both halves as one of 32 bits */
    TIMER_MODE = 1;   /* one shot */
    TIMER_MASK = 1;
    nvic_enable(TIMER_NUMBER, 0x40);
    uart_device_start();
}

void uart_device_start(void)
{
    PORT_A_ALTERNATE = PORT_A_UART;
    PORT_A_DIGITAL = PORT_A_UART;
    pl011_start();
    nvic_enable(UART_NUMBER, 0x40);
}

void alarm_set(uint32_t ticks)
{
    TIMER_CONTROL = 0;
    TIMER_CLEAR = 1;
    TIMER_LOAD = ticks;
    TIMER_CONTROL = 1;
}

void alarm_clear(void)
{
    TIMER_CONTROL = 0;
    TIMER_CLEAR = 1;
}

void board_interrupt(uint32_t irq)
{
    if (irq == TIMER_NUMBER) {
        alarm_clear();
    } else {
        pl011_interrupt();
    }
}
