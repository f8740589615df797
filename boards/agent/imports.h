/* The ABI's imports as the agent gives them to a module. */
#ifndef MOTE_IMPORTS_H
#define MOTE_IMPORTS_H

#include <stdbool.h>

#include "runtime/machine.h"

/* For machine_load; the context of machine_call is the `struct module`. */
const struct machine_import *imports_table(void);
/* Without `accelerated` the native kernels are left out, and modules run their own. */
uint32_t imports_count(bool accelerated);

#endif
