/* Crystal oscillator (DS 2.16), PLLs (2.18), clocks (2.15), ticks (4.7.2). */
#include "clocks.h"

#include "board.h"
#include "resets.h"

#define XOSC_CTRL REGISTER(0x40024000)
#define XOSC_STATUS REGISTER(0x40024004)
#define XOSC_STARTUP REGISTER(0x4002400C)
#define XOSC_ON (0xFABu << 12 | 0xAA0u) /* on, 1 to 15 MHz */
#define XOSC_STABLE (1u << 31)
#define XOSC_MILLISECOND ((CRYSTAL_HZ / 1000u + 128u) / 256u)

#define CLK_REF_CTRL REGISTER(0x40008030)
#define CLK_REF_SELECTED REGISTER(0x40008038)
#define CLK_SYS_CTRL REGISTER(0x4000803C)
#define CLK_SYS_SELECTED REGISTER(0x40008044)
#define CLK_PERI_CTRL REGISTER(0x40008048)
#define CLK_ADC_CTRL REGISTER(0x40008060)
enum { REF_FROM_CRYSTAL = 2, SYS_FROM_REF = 0, SYS_FROM_PLL = 1 };
enum { PERI_FROM_SYS = 0, ADC_FROM_PLL_USB = 0, CLOCK_ON = 1 << 11 };

#define PLL_SYS 0x40028000u
#define PLL_USB 0x4002C000u
#define PLL_CS(pll) REGISTER(pll)
#define PLL_PWR(pll) ((pll) + 0x4)
#define PLL_FBDIV(pll) REGISTER((pll) + 0x8)
#define PLL_PRIM(pll) REGISTER((pll) + 0xC)
#define PLL_LOCKED (1u << 31)
enum { POWER_DOWN = 1 << 0, POSTDIV_DOWN = 1 << 3, VCO_DOWN = 1 << 5 };

#define WATCHDOG_TICK REGISTER(0x4005802C)
enum { TICK_ON = 1 << 9 };

static void pll_start(uint32_t pll, uint32_t times, uint32_t by, uint32_t again_by)
{
    PLL_CS(pll) = 1; /* the crystal, undivided */
    PLL_FBDIV(pll) = times;
    CLEAR_BITS(PLL_PWR(pll)) = POWER_DOWN | VCO_DOWN;
    while ((PLL_CS(pll) & PLL_LOCKED) == 0)
        ;
    PLL_PRIM(pll) = by << 16 | again_by << 12;
    CLEAR_BITS(PLL_PWR(pll)) = POSTDIV_DOWN;
}

void clocks_start(void)
{
    XOSC_STARTUP = XOSC_MILLISECOND;
    XOSC_CTRL = XOSC_ON;
    while ((XOSC_STATUS & XOSC_STABLE) == 0)
        ;
    /* After a reset of the processor alone, it may run from what is now changed. */
    CLEAR_BITS(0x4000803Cu) = SYS_FROM_PLL;
    while ((CLK_SYS_SELECTED & 1u << SYS_FROM_REF) == 0)
        ;
    CLK_REF_CTRL = REF_FROM_CRYSTAL;
    while ((CLK_REF_SELECTED & 1u << REF_FROM_CRYSTAL) == 0)
        ;
    let_go(RESET_PLL_SYS | RESET_PLL_USB);
    pll_start(PLL_SYS, 125, 6, 2); /* 12 MHz x 125 / 12 */
    pll_start(PLL_USB, 100, 5, 5); /* 12 MHz x 100 / 25 */
    CLK_SYS_CTRL = SYS_FROM_REF;   /* its other source is the first PLL */
    CLK_SYS_CTRL = SYS_FROM_PLL;
    while ((CLK_SYS_SELECTED & 1u << SYS_FROM_PLL) == 0)
        ;
    CLK_PERI_CTRL = CLOCK_ON | PERI_FROM_SYS;
    CLK_ADC_CTRL = CLOCK_ON | ADC_FROM_PLL_USB;
    WATCHDOG_TICK = TICK_ON | CRYSTAL_HZ / 1000000u;
}
