/* From reset to main on a Cortex-M: vectors, coprocessor, memory; and faults, which are recorded before a restart. */
#include <stddef.h>

#include "board.h"
#include "platform/bare/memory.h"
#include "platform/bare/retained.h"
#include "protect.h"
#include "scb.h"

int main(void);
void reset_entry(void);
void clock_interrupt(void);
void board_interrupt(uint32_t irq);

/* The frame that the hardware pushes at an exception. Only the program counter is used. */
enum { FRAME_PC = 6, FRAME_WORDS = 8 };

_Noreturn void hal_reset(void)
{
    retained_note(HAL_BOOT_SOFTWARE, NULL);
    AIRCR = AIRCR_RESET;
    for (;;)
        __asm volatile("dsb");
}

_Noreturn __attribute__((used)) static void fault_record(const uint32_t *frame, uint32_t exception)
{
#if __ARM_ARCH_6M__
    /* ARMv6-M has only the hard fault, and no register that describes it. */
    uint32_t status = 0;
    struct hal_fault fault = {.kind = exception};
#else
    uint32_t status = CFSR;
    struct hal_fault fault = {.kind = exception, .status = status != 0 ? status : HFSR};
#endif
    uintptr_t at = (uintptr_t)frame;
    bool framed = at % 4 == 0 && at >= (uintptr_t)memory_stack &&
                  at <= (uintptr_t)memory_ram_end - FRAME_WORDS * sizeof *frame &&
                  (status & (CFSR_MSTKERR | CFSR_STKERR)) == 0;
    if (framed)
        fault.pc = frame[FRAME_PC];
    if (status & CFSR_MMARVALID)
        fault.address = MMFAR;
    else if (status & CFSR_BFARVALID)
        fault.address = BFAR;
    retained_note(exception == WATCHDOG_EXCEPTION ? HAL_BOOT_WATCHDOG : HAL_BOOT_FAULT, &fault);
    hal_reset();
}

/* Leaves the stack of the fault unchanged: EXC_RETURN says where the frame is. */
__attribute__((naked)) static void fault_entry(void)
{
#if __ARM_ARCH_6M__
    __asm volatile("movs r0, #4\n"
                   "mov r1, lr\n"
                   "tst r0, r1\n"
                   "mrs r0, msp\n"
                   "beq 1f\n"
                   "mrs r0, psp\n"
                   "1: mrs r1, ipsr\n"
                   "ldr r2, =fault_record\n"
                   "bx r2\n"
                   ".ltorg\n");
#else
    __asm volatile("tst lr, #4\n"
                   "ite eq\n"
                   "mrseq r0, msp\n"
                   "mrsne r0, psp\n"
                   "mrs r1, ipsr\n"
                   "b fault_record\n");
#endif
}

static void interrupt_entry(void)
{
    uint32_t exception;
    __asm volatile("mrs %0, ipsr" : "=r"(exception));
    board_interrupt(exception - 16);
}

typedef void (*vector)(void);

/*
 * Starts with the stack of the interrupts. Exceptions that nothing here raises count as faults; so does the watchdog.
 */
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    vector system[15];
    vector external[IRQS];
} vectors = {
    memory_irq_stack_top,
    {reset_entry, fault_entry, fault_entry, fault_entry, fault_entry, fault_entry, fault_entry, fault_entry, fault_entry,
     fault_entry, fault_entry, fault_entry, fault_entry, fault_entry, clock_interrupt},
#if WATCHDOG_EXCEPTION > 16
    {[0 ... WATCHDOG_EXCEPTION - 17] = interrupt_entry,
     [WATCHDOG_EXCEPTION - 16] = fault_entry,
     [WATCHDOG_EXCEPTION - 15 ... IRQS - 1] = interrupt_entry},
#else
    {[0 ... IRQS - 1] = interrupt_entry},
#endif
};

__attribute__((used)) static void prepare(void)
{
    memory_start();
    retained_start();
#if !__ARM_ARCH_6M__
    /* Memory, bus and usage faults are separate exceptions, not a hard fault. */
    SHCSR |= 7u << 16;
#endif
    protect_start();
}

/* The agent runs on the process stack, so that a fault by stack overflow has a stack of its own. */
__attribute__((naked)) void reset_entry(void)
{
    __asm volatile(
#if defined(__ARM_FP)
        "ldr r0, =0xE000ED88\n"
        "ldr r1, [r0]\n"
        "orr r1, r1, #0xF00000\n"
        "str r1, [r0]\n"
        "dsb\n isb\n"
#endif
        "bl prepare\n"
        "ldr r0, =memory_stack_top\n"
        "msr psp, r0\n"
        "movs r0, #2\n"
        "msr control, r0\n"
        "isb\n"
        "bl main\n"
        "bl hal_reset\n"
        ".ltorg\n");
}
