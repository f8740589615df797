/* Imports for settings and the key-value store. */
#ifndef MOTE_IMPORTS_KV_H
#define MOTE_IMPORTS_KV_H

#include "import.h"

IMPORT(config);
IMPORT(kv_get);
IMPORT(kv_set);
IMPORT(kv_delete);

#endif
