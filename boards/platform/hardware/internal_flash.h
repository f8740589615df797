/* What a chip's flash controller does; internal_flash.c makes hal.h's flash of it. */
#ifndef MOTE_INTERNAL_FLASH_H
#define MOTE_INTERNAL_FLASH_H

#include <stdbool.h>
#include <stdint.h>

/* Erases the page at this address. False: the controller says that it failed. */
bool internal_flash_erase(uint32_t address);

/* Programs whole writes at this address. False: the controller says that it failed. */
bool internal_flash_program(uint32_t address, const uint8_t *bytes, uint32_t count);

#endif
