/*
 * wasm3 as it is built here. Every file that reads its structures includes it through this header, so that all agree on
 * their layout.
 */
#ifndef MOTE_INTERPRETER_H
#define MOTE_INTERPRETER_H

/*
 * Limits of its compiler for one function: values on its stack with the locals, and slots. There are more slots than
 * values of 64 bits and constants can take, because the call compiler marks result slots without a bound of its own.
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

/* Exports are found in the module's bytes, and reasons are static texts. */
#define d_m3MaxDuplicateFunctionImpl 1
#define d_m3VerboseErrorMessages 0

/* Memory of wasm3: memory.c on a board, host/device/engine/wasm3/platform.c in the addon. */
#define d_m3OwnHeap

#include "m3_env.h"

#endif
