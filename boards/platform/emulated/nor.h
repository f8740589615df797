/*
 * NOR flash in the file `flash.bin` of the node's folder (docs/spec/flash.md, "Flash file"), with a window in memory to
 * read it.
 */
#ifndef MOTE_NOR_H
#define MOTE_NOR_H

#include "flash/flash.h"

/*
 * Opens the file, or creates an erased one. Ends the node if the file has another geometry. Option cut=N:HOW cuts the
 * power at an operation.
 */
void nor_start(const char *folder);

extern const struct flash nor_flash;

#endif
