/*
 * ESP32-C3 (Espressif's technical reference manual, "TRM" below, by its chapters; offsets and bits compared with the
 * register description from which its crate `esp32c3` is made): addresses, clocks, interrupt lines.
 */
#ifndef MOTE_BOARD_H
#define MOTE_BOARD_H

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define CRYSTAL_HZ 40000000u
#define CPU_HZ 160000000u

#define UART_BAUD 115200u

/* What lies where (TRM 3), in ascending order: ends of what protect() in trap.c lets be reached. */
#define DEBUGGER 0x20000000u
#define DEBUGGER_END 0x28000000u
#define FLASH_AS_DATA 0x3C000000u
#define RAM_AS_DATA 0x3FC80000u
#define RAM_AS_DATA_END 0x3FCE0000u
#define ROM_AS_DATA_END 0x3FF20000u
#define ROM_AS_CODE_END 0x40060000u
#define RAM_AS_CODE 0x40380000u
#define RAM_AS_CODE_END 0x403E0000u
#define FLASH_AS_CODE_END 0x42400000u
#define DEVICES 0x60000000u
#define DEVICES_END 0x600D1000u

/* The processor's interrupt lines that are used here, of 1 to 31. */
enum { CLOCK_LINE = 16, UART_LINE = 17, WATCHDOG_LINE = 18, ADC_LINE = 19 };

#endif
