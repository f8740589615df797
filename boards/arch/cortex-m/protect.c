/* The memory protection unit of ARMv7-M (PMSAv7) and ARMv8-M (PMSAv8). */
#include "protect.h"

#include "board.h"
#include "platform/bare/memory.h"
#include "scb.h"

extern uint8_t memory_firmware[], memory_flash_end[];

enum { MPU_ENABLE = 1 };

#if __ARM_ARCH_8M_MAIN__

/*
 * Base and last 32 bytes of a region; bits 2 to 1 of RBAR: 0 read and write, 2 read only, both privileged; bit 0: never
 * execute.
 */
static void region(uint32_t number, uintptr_t base, uintptr_t end, uint32_t access, uint32_t attribute)
{
    MPU_RNR = number;
    MPU_RBAR = (uint32_t)base | access;
    MPU_RLAR = (((uint32_t)end - 1) & ~31u) | attribute << 1 | 1;
}

void protect_start(void)
{
    MPU_MAIR0 = 0x00EEu; /* attribute 0: normal, write-back; 1: device */
    region(0, (uintptr_t)memory_firmware, (uintptr_t)memory_flash_end, 2u << 1, 0);
    region(1, (uintptr_t)memory_stack, (uintptr_t)memory_ram_end, 1, 0);
    region(2, 0x40000000u, 0x60000000u, 1, 1);
    MPU_CTRL = MPU_ENABLE;
    __asm volatile("dsb\n isb");
}

#else

/* `span` is the power of two around `bytes`. Eighths of it beyond `bytes` are disabled. */
static void region(uint32_t number, uintptr_t base, uintptr_t bytes, uint32_t access)
{
    uint32_t log = 8;
    while (((uintptr_t)1 << log) < bytes)
        log++;
    uint32_t eighths = (uint32_t)((bytes + ((uintptr_t)1 << (log - 3)) - 1) >> (log - 3));
    uint32_t off = 0xFFu << eighths & 0xFFu;
    MPU_RNR = number;
    MPU_RBAR = (uint32_t)base;
    MPU_RASR = access | off << 8 | (log - 1) << 1 | 1;
}

/*
 * RASR: never execute (bit 28), access (bits 26 to 24: 1 read and write, 5 read only, both privileged), type (S C B:
 * bits 18 to 16).
 */
void protect_start(void)
{
    region(0, (uintptr_t)memory_firmware, (uintptr_t)memory_flash_end - (uintptr_t)memory_firmware, 5u << 24 | 2u << 16);
    region(1, (uintptr_t)memory_stack, (uintptr_t)memory_ram_end - (uintptr_t)memory_stack,
           1u << 28 | 1u << 24 | 3u << 16);
    region(2, 0x40000000u, 0x20000000u, 1u << 28 | 1u << 24 | 1u << 16);
    MPU_CTRL = MPU_ENABLE;
    __asm volatile("dsb\n isb");
}

#endif
