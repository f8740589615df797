/* Traps on RISC-V: interrupts, and faults, which are recorded before a restart; and the protection of memory. */
#include "board.h"
#include "clint.h"
#include "csr.h"
#include "platform/bare/chip.h"
#include "platform/bare/memory.h"
#include "platform/bare/retained.h"
#include "platform/hal.h"

#define INTERRUPT 0x80000000u
enum { TIMER = 7, EXTERNAL = 11 };

void chip_prepare(void);
void trap(uint32_t cause, uint32_t pc, uint32_t value);
void board_interrupt(void);

extern uint8_t memory_firmware[], memory_flash_end[];

/*
 * Physical memory protection (privileged architecture 1.12, 3.7), locked, so that it also applies to machine mode. Code
 * and node flash are readable, RAM up to its end is writable, devices are accessible; everything else faults, also a
 * stack that grows below RAM. A range (TOR) starts at the address of the preceding entry and ends at its own. The first
 * entry that matches decides.
 */
enum { READ = 1, WRITE = 2, EXECUTE = 4, TOR = 1 << 3, ALL = 3 << 3, LOCKED = 1 << 7 };

#define PMP_ADDRESS(n, address) CSR_WRITE("csrw pmpaddr" #n ", %0", (uint32_t)(address) >> 2)

static void protect(void)
{
    /* An emulator may keep locked entries over a reset, and then starts from code among the devices. */
    uint32_t set;
    CSR("csrr %0, pmpcfg0", "=r"(set));
    if (set != 0)
        return;
    PMP_ADDRESS(0, DEVICES_END);
    PMP_ADDRESS(1, memory_firmware);
    PMP_ADDRESS(2, memory_flash_end);
    PMP_ADDRESS(3, memory_stack);
    PMP_ADDRESS(4, memory_ram_end);
    CSR_WRITE("csrw pmpaddr5, %0", UINT32_MAX);
    uint32_t ram = LOCKED | TOR | READ | WRITE, nothing = LOCKED | ALL;
    uint32_t device = LOCKED | TOR | READ | WRITE | EXECUTE, code = LOCKED | TOR | READ | EXECUTE, start = LOCKED;
    /* The last entry forbids everything else. */
    CSR_WRITE("csrw pmpcfg0, %0", device | start << 8 | code << 16 | start << 24);
    CSR_WRITE("csrw pmpcfg1, %0", ram | nothing << 8);
}

void chip_prepare(void)
{
    memory_start();
    retained_start();
    protect();
    uint32_t external = 1u << EXTERNAL, on = 8;
    CSR_WRITE("csrs mie, %0", external);
    CSR_WRITE("csrs mstatus, %0", on);
}

void trap(uint32_t cause, uint32_t pc, uint32_t value)
{
    if (cause == (INTERRUPT | TIMER)) {
        clint_interrupt(pc);
    } else if (cause == (INTERRUPT | EXTERNAL)) {
        board_interrupt();
    } else {
        uint32_t status;
        CSR("csrr %0, mstatus", "=r"(status));
        retained_note(HAL_BOOT_FAULT, &(struct hal_fault){.kind = cause, .pc = pc, .address = value, .status = status});
        hal_reset();
    }
}
