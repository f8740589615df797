/* QEMU's STM32F405 has no clock tree to set up. */
#include "targets/stm32f4/clocks.h"

void clocks_start(void)
{
}
