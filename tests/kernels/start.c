/* From reset to main on the emulated boards, for programs that need no interrupts, and what semihosting.c asks of a chip. */
#include <stdbool.h>
#include <stdint.h>

int main(void);
_Noreturn void host_exit(int code);
void chip_watchdog_hold(bool hold);
void reset_entry(void);
extern uint8_t image_stack_top[];

/* There is no watchdog. */
void chip_watchdog_hold(bool hold)
{
    (void)hold;
}

#if defined(__riscv)

__attribute__((naked, used, section(".vectors"))) void reset_entry(void)
{
    __asm volatile(".option arch, +zicsr\n la sp, image_stack_top\n la t0, 1f\n csrw mtvec, t0\n call main\n call host_exit\n"
                   ".balign 4\n 1: li a0, 3\n call host_exit");
}

#else

static void fault(void)
{
    host_exit(3);
}

void reset_entry(void)
{
    host_exit(main());
}

typedef void (*handler)(void);
__attribute__((used, section(".vectors"))) static const handler vectors[16] = {
    (handler)(uintptr_t)image_stack_top, reset_entry, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
};

#endif
