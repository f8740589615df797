/* wasm3 as it is built here: whoever reads its structures includes it through this file, so that all agree on their layout. */
#ifndef MOTE_INTERPRETER_H
#define MOTE_INTERPRETER_H

/*
 * Leaves room above what 2000 stack values of 64 bits and the constants can take: the call compiler marks result slots without a bound
 * of its own.
 */
#define d_m3MaxFunctionSlots 8000

#include "m3_env.h"

#endif
