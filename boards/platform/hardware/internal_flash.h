/* The flash controller of a chip. internal_flash.c makes the flash of hal.h from it. */
#ifndef MOTE_INTERNAL_FLASH_H
#define MOTE_INTERNAL_FLASH_H

#include <stdbool.h>
#include <stdint.h>

/* Erases the page at this address. Returns false if the controller reports a failure. */
bool internal_flash_erase(uint32_t address);

/* Programs whole writes at this address. Returns false if the controller reports a failure. */
bool internal_flash_program(uint32_t address, const uint8_t *bytes, uint32_t count);

#endif
