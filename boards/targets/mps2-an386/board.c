/* MPS2 AN386: nothing but devices of Arm's design kit. */
#include "arch/cortex-m/alarm.h"
#include "platform/bare/chip.h"
#include "platform/bare/uart.h"

void chip_start(void)
{
    clock_start();
    uart_device_start();
}
