/* Numbers that others set: the stored configuration, and the options with which a simulator starts the node. */
#ifndef MOTE_SETTINGS_H
#define MOTE_SETTINGS_H

#include "storage.h"

/* Reads a setting of the stored configuration into `value`. Returns false, and leaves `value`, if it is not set. */
bool settings_get(const struct storage *storage, struct span name, int32_t *value);

/* Returns an option of the start as a number, or `otherwise` if it was not given. */
uint32_t settings_option(const char *name, uint32_t otherwise);

#endif
