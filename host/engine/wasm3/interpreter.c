/*
 * wasm3 as one translation unit, with one hook: `nextOpImpl` is what op_Loop runs for each iteration and op_Entry for each
 * function, so that is where guard.h bounds time and native stack. All other operations end in `nextOpDirect`, a plain tail call.
 */
#define M3_IMPLEMENT_ERROR_STRINGS

#include "interpreter.h"
#include "m3_exec_defs.h"
#include "guard.h"

#define mote_guard(MEM) ((struct guard *)m3MemRuntime(MEM)->userdata)
#define mote_next() ((IM3Operation)(*_pc))(_pc + 1, d_m3OpArgs)

static inline m3ret_t mote_stop(M3MemoryHeader *memory)
{
    return guard_due(mote_guard(memory)) ? guard_check(mote_guard(memory)) : NULL;
}

#undef nextOpImpl
#undef nextOpDirect
#define nextOpImpl() ({ m3ret_t stop = mote_stop(_mem); M3_UNLIKELY(stop != NULL) ? stop : mote_next(); })
#define nextOpDirect() M3_MUSTTAIL return mote_next()

#include "m3_bind.c"
#include "m3_code.c"
#include "m3_compile.c"
#include "m3_core.c"
#include "m3_env.c"
#include "m3_function.c"
#include "m3_info.c"
#include "m3_module.c"
#include "m3_parse.c"
