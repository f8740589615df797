/*
 * wasm3 as one translation unit, with its hooks. op_Loop runs `nextOpImpl` for each iteration and op_Entry for each
 * function, so that is where guard.h bounds time and native stack. All other operations end in `nextOpDirect`, a plain
 * tail call. The compiler calls itself for nested blocks, and checks first whether there is stack left.
 * third_party/wasm3.patches.json adds the calls of functions whose names begin with `mote_` to the sources of wasm3.
 */
#define M3_IMPLEMENT_ERROR_STRINGS

#include "interpreter.h"
#include "m3_exec_defs.h"
#include "guard.h"

#define mote_guard(RUNTIME) ((struct guard *)(RUNTIME)->userdata)
#define mote_next() ((IM3Operation)(*_pc))(_pc + 1, d_m3OpArgs)
#define mote_deep(COMPILATION) guard_deep(mote_guard((COMPILATION)->runtime))

static inline m3ret_t mote_stop(M3MemoryHeader *memory)
{
    struct guard *guard = mote_guard(memory->runtime);
    return guard_due(guard) ? guard_check(guard) : NULL;
}

/*
 * An initial value: one constant and the end, which is all that host/device/engine/parse.ts accepts. wasm3 itself would
 * compile and run each, with a second set of its compiler's tables on the native stack.
 */
static M3Result mote_constant(bytes_t *bytes, cbytes_t end, u8 *type, u64 *value)
{
    u8 opcode = 0;
    i32 i32_value = 0;
    i64 i64_value = 0;
    u32 u32_value = 0;
    M3Result result = Read_u8(&opcode, bytes, end);
    if (result != m3Err_none)
        return result;
    switch (opcode) {
    case c_waOp_i32_const:
        result = ReadLEB_i32(&i32_value, bytes, end);
        *type = c_m3Type_i32;
        *value = (u32)i32_value;
        break;
    case c_waOp_i64_const:
        result = ReadLEB_i64(&i64_value, bytes, end);
        *type = c_m3Type_i64;
        *value = (u64)i64_value;
        break;
    case c_waOp_f32_const:
        result = Read_u32(&u32_value, bytes, end);
        *type = c_m3Type_f32;
        *value = u32_value;
        break;
    case c_waOp_f64_const:
        result = Read_u64(value, bytes, end);
        *type = c_m3Type_f64;
        break;
    default:
        return m3Err_wasmMissingInitExpr;
    }
    if (result == m3Err_none)
        result = Read_u8(&opcode, bytes, end);
    return result == m3Err_none && opcode != c_waOp_end ? m3Err_wasmMissingInitExpr : result;
}

static M3Result mote_evaluate(void *out, u8 wanted, bytes_t *bytes, cbytes_t end)
{
    u8 type = c_m3Type_none;
    u64 value = 0;
    const M3Result result = mote_constant(bytes, end, &type, &value);
    if (result != m3Err_none)
        return result;
    if (type != wanted)
        return m3Err_typeMismatch;
    const u32 word = (u32)value;
    if (SizeOfType(type) == sizeof word)
        memcpy(out, &word, sizeof word);
    else
        memcpy(out, &value, sizeof value);
    return m3Err_none;
}

static M3Result mote_skip_constant(bytes_t *bytes, cbytes_t end)
{
    u8 type = c_m3Type_none;
    u64 value = 0;
    return mote_constant(bytes, end, &type, &value);
}

/* Variants of operations that take an operand from a register. Those of floats are left out to save memory. */
#define mote_r_i32(OP) OP
#define mote_r_u32(OP) OP
#define mote_r_i64(OP) OP
#define mote_r_u64(OP) OP
#define mote_r_f32(OP) NULL
#define mote_r_f64(OP) NULL

/* Keep it inline: -Os would make it a call in each of a hundred operations. */
#define INLINED static inline __attribute__((always_inline))

/*
 * Returns whether `size` bytes at `base` + `offset` are in linear memory, and where. In 64 bits the sum can not wrap,
 * which is fastest where 64 bits are one register.
 */
#if UINTPTR_MAX > UINT32_MAX
typedef u64 mote_address;
INLINED bool mote_inside(const M3MemoryHeader *memory, u32 base, u32 offset, u32 size, mote_address *at)
{
    *at = (u64)base + offset;
    return *at + size <= memory->length;
}
#else
typedef u32 mote_address;
INLINED bool mote_inside(const M3MemoryHeader *memory, u32 base, u32 offset, u32 size, mote_address *at)
{
    return !__builtin_add_overflow(base, offset, at) && *at <= memory->length && memory->length - *at >= size;
}
#endif

/*
 * The place of a trap. An operation that traps leaves its address in the compiled code, and each call that a trap
 * passes leaves its own: only traps pay for that. To find the instruction of the module, the function is compiled once
 * more. The compiler makes the same code again, so it can write it over the old code, page by page, without memory:
 * where it wants another page, the old code has that page's address. The operation that it writes at the address of
 * the trap comes from the instruction that trapped.
 */
static void mote_unwind(const M3MemoryHeader *memory, pc_t pc, pc_t callee);

static M3_NOINLINE m3ret_t mote_trap(pc_t pc, m3stack_t stack, const M3MemoryHeader *memory, m3ret_t trap)
{
    struct guard *guard = mote_guard(memory->runtime);
    (void)stack;
    guard->frames[0] = (struct guard_frame){.pc = pc - 1};
    guard->depth = 1;
    return trap;
}

static bool mote_locating(IM3Runtime runtime)
{
    return mote_guard(runtime)->target != NULL;
}

/* The page with the code at `pc`, set back to it. */
static IM3CodePage mote_page(IM3Runtime runtime, const void *pc)
{
    const pc_t at = pc;
    for (int full = 0; full < 2; full++)
        for (IM3CodePage page = full ? runtime->pagesFull : runtime->pagesOpen; page != NULL; page = page->info.next)
            if (at >= &page->code[0] && at < &page->code[page->info.numLines]) {
                page->info.lineIndex = (u32)(at - &page->code[0]);
                return page;
            }
    return NULL;
}

/* Called before an operation is written. */
static void mote_emit(IM3Compilation o)
{
    struct guard *guard = mote_guard(o->runtime);
    const pc_t target = guard->target;
    const IM3CodePage page = o->page;
    if (target < GetPagePC(page) || target >= &page->code[page->info.numLines])
        return;
    const bytes_t at = o->lastOpcodeStart != NULL ? o->lastOpcodeStart : o->wasm;
    guard->offset = (uint32_t)(at - o->module->wasmStart);
}

#undef nextOpImpl
#undef nextOpDirect
#define nextOpImpl() \
    ({ \
        m3ret_t stop = mote_stop(_mem); \
        M3_UNLIKELY(stop != NULL) ? mote_trap(_pc, _sp, _mem, stop) : mote_next(); \
    })
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

m3ret_t mote_run(IM3Function function)
{
    const IM3Runtime runtime = function->module->runtime;
    return RunCode(function->compiled, (m3stack_t)runtime->stack, runtime->memory.mallocated, d_m3OpDefaultArgs);
}

static void mote_unwind(const M3MemoryHeader *memory, pc_t pc, pc_t callee)
{
    struct guard *guard = mote_guard(memory->runtime);
    while (*callee == (code_t)op_Branch)
        callee = callee[1];
    /* The first call that a trap of a host function passes is its place. */
    if (guard->depth > 0 && guard->depth <= GUARD_FRAMES)
        guard->frames[guard->depth - 1].function = (void *)(uintptr_t)callee[1];
    if (guard->depth < GUARD_FRAMES)
        guard->frames[guard->depth] = (struct guard_frame){.pc = pc - 1};
    if (guard->depth <= GUARD_FRAMES)
        guard->depth++;
}

uint32_t mote_locate(IM3Function function, const void *pc)
{
    const IM3Module module = function->module;
    struct guard *guard = mote_guard(module->runtime);
    guard->offset = (uint32_t)(function->wasm - module->wasmStart);
    if (function->compiled == NULL || pc == NULL)
        return guard->offset;
    guard->target = pc;
    guard->expected = function->compiled;
    m3_Free(function->constants);
    /* A failure leaves what was found before it. */
    const M3Result result = CompileFunction(function);
    (void)result;
    guard->target = NULL;
    return guard->offset;
}
