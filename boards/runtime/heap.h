/*
 * Memory for a module on a board: first fit, neighbours that are free become one. What is taken is aligned to 8 and filled with zeros.
 * Blocks are in the order of their addresses; there is one heap, as there is one module at a time.
 */
#ifndef MOTE_HEAP_H
#define MOTE_HEAP_H

#include <stddef.h>
#include <stdint.h>

/* All of `bytes` is free from now on; nothing that was taken before may be used any more. */
void heap_start(void *bytes, size_t count);

/* NULL when there is no room. */
void *heap_take(size_t count);

/* Takes NULL for nothing to do. */
void heap_give(void *taken);

/* The same contents in `count` bytes, more filled with zeros; NULL when there is no room, and then it is left as it was. */
void *heap_resize(void *taken, size_t count);

struct heap_use {
    size_t size;
    /* Now, and at most since heap_start; with the heads of blocks. */
    size_t used;
    size_t peak;
    /* Largest count that could be taken now. */
    size_t largest;
};
struct heap_use heap_use(void);

#endif
