/*
 * The layout of RAM, as the linker script defines it, from the lowest address on: the stack (so that an overflow leaves
 * RAM and faults instead of overwriting data), memory that start-up retains, data, zeros, the stack of the interrupts;
 * the rest is the heap of modules.
 */
#ifndef MOTE_MEMORY_H
#define MOTE_MEMORY_H

#include <stdint.h>

extern uint32_t memory_stack[], memory_stack_top[];
extern uint32_t memory_data[], memory_data_end[], memory_data_image[];
extern uint32_t memory_zeros[], memory_zeros_end[];
extern uint32_t memory_irq_stack_top[];
extern uint8_t memory_heap[], memory_ram_end[];

/* Initializes data and zeros, and marks the stack as unused. Runs on the stack of the interrupts, before main. */
void memory_start(void);

#endif
