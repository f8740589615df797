/*
 * What the boot ROM loads from the flash's first 256 bytes and starts (DS 2.8.1.3): sets the flash's interface up so
 * that code runs from it, by the command 03h that every such flash has, and goes on to the vectors behind it. Called
 * again after the flash was written, it returns. SSI: DS 4.10.
 */
.syntax unified
.cpu cortex-m0plus
.thumb

.equ SSI, 0x18000000
.equ SSI_CTRLR0, 0x00
.equ SSI_CTRLR1, 0x04
.equ SSI_ENABLE, 0x08
.equ SSI_DIVIDER, 0x14
.equ SSI_SPI_CTRLR0, 0xF4
.equ VTOR, 0xE000ED08

.section .boot2, "ax"
    ldr r3, =SSI
    movs r1, #0
    str r1, [r3, #SSI_ENABLE]
    movs r2, #4                     /* a quarter of 125 MHz */
    str r2, [r3, #SSI_DIVIDER]
    ldr r2, =(31 << 16 | 3 << 8)    /* frames of 32 bits, a command and an answer */
    str r2, [r3, #SSI_CTRLR0]
    str r1, [r3, #SSI_CTRLR1]       /* one frame */
    ldr r2, =(0x03 << 24 | 2 << 8 | 6 << 2) /* the command, of 8 bits, and 24 bits of address */
    movs r0, #SSI_SPI_CTRLR0
    str r2, [r3, r0]
    movs r2, #1
    str r2, [r3, #SSI_ENABLE]
    mov r0, lr
    cmp r0, #0
    beq 1f
    bx lr
1:  ldr r0, =memory_vectors
    ldr r1, =VTOR
    str r0, [r1]
    ldmia r0!, {r1, r2}
    msr msp, r1
    bx r2
    .ltorg

    /* The boot ROM checks these bytes' CRC-32: polynomial 04C11DB7, from FFFFFFFF on, the highest bit first. */
    .balign 4
    .org 252, 0
    .word 0x9A8D14EA
