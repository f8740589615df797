/* Registers of every Cortex-M (ARMv7-M and ARMv8-M Architecture Reference Manuals, B3). */
#ifndef MOTE_SCB_H
#define MOTE_SCB_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define SYST_CSR REGISTER(0xE000E010)
#define SYST_RVR REGISTER(0xE000E014)
#define SYST_CVR REGISTER(0xE000E018)
#define NVIC_ISER(n) REGISTER(0xE000E100 + 4 * (n))
#define NVIC_IPR(irq) (*(volatile uint8_t *)(uintptr_t)(0xE000E400 + (irq)))
#define NVIC_IPR_WORD(n) REGISTER(0xE000E400 + 4 * (n))
#define ICSR REGISTER(0xE000ED04)
#define ICSR_PENDSTSET (1u << 26)
#define AIRCR REGISTER(0xE000ED0C)
#define AIRCR_RESET 0x05FA0004u
#define SHCSR REGISTER(0xE000ED24)
#define CFSR REGISTER(0xE000ED28)
#define CFSR_MSTKERR (1u << 4)
#define CFSR_MMARVALID (1u << 7)
#define CFSR_STKERR (1u << 12)
#define CFSR_BFARVALID (1u << 15)
#define HFSR REGISTER(0xE000ED2C)
#define MMFAR REGISTER(0xE000ED34)
#define BFAR REGISTER(0xE000ED38)
#define CPACR REGISTER(0xE000ED88)
#define MPU_CTRL REGISTER(0xE000ED94)
#define MPU_RNR REGISTER(0xE000ED98)
#define MPU_RBAR REGISTER(0xE000ED9C)
#define MPU_RASR REGISTER(0xE000EDA0)
#define MPU_RLAR REGISTER(0xE000EDA0)
#define MPU_MAIR0 REGISTER(0xE000EDC0)

/* Enables an interrupt with a priority, of which the upper bits count (0 is the most urgent). */
static inline void nvic_enable(uint32_t irq, uint8_t priority)
{
#if __ARM_ARCH_6M__
    /* Only whole words can be written (ARMv6-M, B3.4.3). */
    uint32_t shift = irq % 4 * 8;
    NVIC_IPR_WORD(irq / 4) = (NVIC_IPR_WORD(irq / 4) & ~(0xFFu << shift)) | (uint32_t)priority << shift;
#else
    NVIC_IPR(irq) = priority;
#endif
    NVIC_ISER(irq / 32) = 1u << irq % 32;
}

#endif
