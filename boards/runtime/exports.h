/* Exports of a module, read from its bytes in place. The module need not be valid. */
#ifndef MOTE_EXPORTS_H
#define MOTE_EXPORTS_H

#include <stdbool.h>
#include <stdint.h>

/* Kinds of exports in the binary format. */
enum export_kind { EXPORT_FUNCTION = 0, EXPORT_TABLE = 1, EXPORT_MEMORY = 2, EXPORT_GLOBAL = 3 };

/* Returns the index of the export of this name, or -1. */
int32_t export_find(const uint8_t *wasm, uint32_t count, enum export_kind kind, const char *name);

/*
 * Reads an exported, immutable 32-bit global such as `abi_version` or `memory_bytes`. Returns false if there is none.
 */
bool export_constant(const uint8_t *wasm, uint32_t count, const char *name, uint32_t *value);

#endif
