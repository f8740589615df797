/*
 * Traps on the ESP32-C3: interrupts by their line, and faults, which are recorded before they restart it; and the
 * protection of memory.
 */
#include "adc.h"
#include "arch/riscv/csr.h"
#include "board.h"
#include "platform/bare/memory.h"
#include "platform/bare/retained.h"
#include "platform/hal.h"
#include "platform/hardware/counter.h"
#include "uart0.h"
#include "watchdog.h"

#define INTERRUPT 0x80000000u

void chip_prepare(void);
void trap(uint32_t cause, uint32_t pc, uint32_t value);

extern uint8_t memory_flash_end[];

/*
 * Physical memory protection (privileged architecture 1.12, 3.7), locked, so that it also binds machine mode. On this
 * processor ranges must not overlap (ESP-IDF's cpu_region_protect.c), so they are the whole address space in ascending
 * order, each from the end of the one before. Two of the gaps go to what may only be read, for there are 16 entries.
 */
enum { READ = 1, WRITE = 2, EXECUTE = 4, TOR = 1 << 3, LOCKED = 1 << 7 };
#define NOTHING (LOCKED | TOR)
#define CONSTANT (NOTHING | READ)
#define DATA (CONSTANT | WRITE)
#define CODE (CONSTANT | EXECUTE)
#define ALL (DATA | EXECUTE)

_Static_assert(DEBUGGER < DEBUGGER_END && DEBUGGER_END < FLASH_AS_DATA && FLASH_AS_DATA < RAM_AS_DATA, "ascend");
_Static_assert(RAM_AS_DATA < RAM_AS_DATA_END && RAM_AS_DATA_END < ROM_AS_DATA_END, "ascend");
_Static_assert(ROM_AS_DATA_END < ROM_AS_CODE_END && ROM_AS_CODE_END < RAM_AS_CODE, "ascend");
_Static_assert(RAM_AS_CODE < RAM_AS_CODE_END && RAM_AS_CODE_END < FLASH_AS_CODE_END, "ascend");
_Static_assert(FLASH_AS_CODE_END < DEVICES && DEVICES < DEVICES_END, "ascend");

#define PMP_ADDRESS(n, end) CSR_WRITE("csrw pmpaddr" #n ", %0", (uint32_t)(end) >> 2)
#define PMP_CONFIG(n, a, b, c, d) \
    CSR_WRITE("csrw pmpcfg" #n ", %0", (uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

static void protect(void)
{
    PMP_ADDRESS(0, DEBUGGER);
    PMP_ADDRESS(1, DEBUGGER_END);
    PMP_ADDRESS(2, FLASH_AS_DATA);
    PMP_ADDRESS(3, memory_flash_end);
    PMP_ADDRESS(4, memory_stack);
    PMP_ADDRESS(5, RAM_AS_DATA_END);
    PMP_ADDRESS(6, ROM_AS_DATA_END);
    PMP_ADDRESS(7, ROM_AS_CODE_END);
    PMP_ADDRESS(8, RAM_AS_CODE);
    PMP_ADDRESS(9, RAM_AS_CODE_END);
    PMP_ADDRESS(10, FLASH_AS_CODE_END);
    PMP_ADDRESS(11, DEVICES);
    PMP_ADDRESS(12, DEVICES_END);
    PMP_ADDRESS(13, UINT32_MAX);
    PMP_CONFIG(0, NOTHING, ALL, NOTHING, CONSTANT);
    PMP_CONFIG(1, NOTHING, DATA, CONSTANT, CODE);
    PMP_CONFIG(2, NOTHING, CODE, CODE, NOTHING);
    PMP_CONFIG(3, DATA, NOTHING, 0, 0);
}

void chip_prepare(void)
{
    memory_start();
    retained_start();
    protect();
    uint32_t on = 8;
    CSR_WRITE("csrs mstatus, %0", on);
}

void trap(uint32_t cause, uint32_t pc, uint32_t value)
{
    if (cause == (INTERRUPT | CLOCK_LINE)) {
        counter_alarm_off();
    } else if (cause == (INTERRUPT | UART_LINE)) {
        uart0_interrupt();
    } else if (cause == (INTERRUPT | ADC_LINE)) {
        adc_interrupt();
    } else if (cause == (INTERRUPT | WATCHDOG_LINE)) {
        watchdog_interrupt(pc);
    } else {
        uint32_t status;
        CSR("csrr %0, mstatus", "=r"(status));
        retained_note(HAL_BOOT_FAULT, &(struct hal_fault){.kind = cause, .pc = pc, .address = value, .status = status});
        hal_reset();
    }
}
