/* wasm3 as it is built here: whoever reads its structures includes it through this file, so that all agree on their layout. */
#ifndef MOTE_INTERPRETER_H
#define MOTE_INTERPRETER_H

/*
 * What its compiler keeps of one function: values on its stack with the locals, and slots. Slots leave room above what values of 64 bits
 * and the constants can take: the call compiler marks result slots without a bound of its own.
 */
#if defined(BOARD_NAME)
#define d_m3MaxFunctionStackHeight 256
#define d_m3MaxFunctionSlots 1024
#define d_m3CodePageAlignSize 512
#else
#define d_m3MaxFunctionStackHeight 2000
#define d_m3MaxFunctionSlots 8000
#endif
_Static_assert(d_m3MaxFunctionSlots >= 4 * d_m3MaxFunctionStackHeight, "room for result slots");

/* Exports are found in the module's bytes, and reasons are texts that live for ever. */
#define d_m3MaxDuplicateFunctionImpl 1
#define d_m3VerboseErrorMessages 0

/* Its memory: memory.c on a board, host/device/engine/wasm3/platform.c in the addon. */
#define d_m3OwnHeap

#include "m3_env.h"

#endif
