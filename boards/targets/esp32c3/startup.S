/*
 * From the boot ROM to main. The ROM takes a flash for one to start from directly when it begins with these two words,
 * maps it, and goes on behind them.
 */
.option arch, +zicsr

.section .start, "ax"
.word 0xAEDB041D
.word 0xAEDB041D
.global reset_entry
reset_entry:
    csrci mstatus, 8
    la sp, memory_irq_stack_top
    la t0, trap_vectors + 1
    csrw mtvec, t0
    csrw mscratch, sp
    call chip_prepare
    la sp, memory_stack_top
    call main
    tail hal_reset

/* This processor knows vectors only (TRM 1): entry n is an instruction, 0 for faults, else for interrupt line n. */
.text
.balign 256
.option norvc
.option norelax
.global trap_vectors
trap_vectors:
    .rept 32
    j trap_entry
    .endr
