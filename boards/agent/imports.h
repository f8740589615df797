/* The ABI's imports as the agent gives them to a module. */
#ifndef MOTE_IMPORTS_H
#define MOTE_IMPORTS_H

#include <stdbool.h>

#include "runtime/instance.h"

/* For instance_load; the context of instance_call is the `struct module`. */
const struct instance_import *imports_table(void);
/* Without `accelerated` the native kernels are left out, and modules run their own. */
uint32_t imports_count(bool accelerated);

#endif
