/* Memory of wasm3 on a board. */
#include "heap.h"
#include "interpreter.h"

void *m3_Malloc_Impl(size_t count)
{
    return heap_take(count);
}

void m3_Free_Impl(void *taken)
{
    heap_give(taken);
}

/* A block knows its own size, which may be larger than wasm3 assumes. */
void *m3_Realloc_Impl(void *taken, size_t count, size_t old_count)
{
    (void)old_count;
    return heap_resize(taken, count);
}
