/* MPS2+ AN505: nothing but devices of Arm's design kit. */
#include "alarm.h"
#include "chip.h"
#include "uart.h"

void chip_start(void)
{
    clock_start();
    uart_device_start();
}
