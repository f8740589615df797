/* The imports of the ABI, as the agent implements them. */
#ifndef MOTE_IMPORTS_H
#define MOTE_IMPORTS_H

#include <stdbool.h>

#include "runtime/instance.h"

/* The table for instance_load. The context of instance_call is the `struct module`. */
const struct instance_import *imports_table(void);
/* The number of imports. Without `accelerated` the native kernels are left out, and modules use their own. */
uint32_t imports_count(bool accelerated);

#endif
