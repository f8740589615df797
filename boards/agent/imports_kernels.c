/* Imports for native kernels. The TypeScript twin is host/device/node/host-imports.ts. */
#include "imports_kernels.h"

#include "kernels/kernels.h"

static struct kernels_space space_of(const struct module *module)
{
    struct kernels_space space = {.rom = module->package.rom.bytes, .rom_bytes = module->package.rom.count};
    space.memory = instance_memory(module->instance, &space.memory_bytes);
    return space;
}

/* A record that reaches outside the module's memory and rom is a fault of the module. */
static enum trap kernels_answer(struct module *module, int32_t done, uint64_t *result)
{
    if (done != KERNELS_FAULT)
        return import_answer(result, done);
    static const struct reason reason = {.number = REASON_OUTSIDE_RECORD};
    return import_fault(module, TRAP_MEMORY, &reason);
}

IMPORT(nn_run)
{
    MODULE;
    const struct kernels_space space = space_of(module);
    return kernels_answer(module, kernels_run(&space, U32(arguments[0]), U32(arguments[1]), U32(arguments[2])), result);
}

IMPORT(nn_real_fft)
{
    MODULE;
    const struct kernels_space space = space_of(module);
    const int32_t done =
        kernels_real_fft(&space, U32(arguments[0]), U32(arguments[1]), U32(arguments[2]), I32(arguments[3]));
    return kernels_answer(module, done, result);
}

IMPORT(nn_filter_bank)
{
    MODULE;
    const struct kernels_space space = space_of(module);
    const int32_t done = kernels_filter_bank(&space, U32(arguments[0]), U32(arguments[1]), U32(arguments[2]),
                                             I32(arguments[3]), I32(arguments[4]), U32(arguments[5]));
    return kernels_answer(module, done, result);
}
