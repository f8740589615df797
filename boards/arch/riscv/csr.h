/*
 * Control and status registers. The compiler is called without Zicsr, because the C library has no variant of that
 * name; the assembler gets it here.
 */
#ifndef MOTE_CSR_H
#define MOTE_CSR_H

#define CSR(text, result) __asm volatile(".option push\n .option arch, +zicsr\n " text "\n .option pop" : result::"memory")
#define CSR_WRITE(text, value) \
    __asm volatile(".option push\n .option arch, +zicsr\n " text "\n .option pop" ::"r"(value) : "memory")

#endif
