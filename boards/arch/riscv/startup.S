/* From reset to main on RISC-V. */
.option arch, +zicsr

.section .vectors, "ax"
.global reset_entry
reset_entry:
    csrci mstatus, 8
    la sp, memory_irq_stack_top
    la t0, trap_entry
    csrw mtvec, t0
    csrw mscratch, sp
    call chip_prepare
    la sp, memory_stack_top
    call main
    tail hal_reset
