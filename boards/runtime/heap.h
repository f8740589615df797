/*
 * Memory for modules on a board: first fit, and neighbouring free blocks are merged. Blocks are aligned to 8 and filled
 * with zeros. There is one heap, for the module that runs and the one that is being prepared.
 */
#ifndef MOTE_HEAP_H
#define MOTE_HEAP_H

#include <stddef.h>
#include <stdint.h>

/* Makes all of `bytes` free. Blocks from before must not be used any more. */
void heap_start(void *bytes, size_t count);

/* Returns NULL if there is no room. */
void *heap_take(size_t count);

/* Frees a block. NULL has no effect. */
void heap_give(void *taken);

/*
 * Changes the size of a block to `count` bytes and fills new bytes with zeros. Returns NULL, and leaves the block, if
 * there is no room.
 */
void *heap_resize(void *taken, size_t count);

struct heap_use {
    size_t size;
    /* Bytes in use now, and the maximum since heap_start, with the heads of blocks. */
    size_t used;
    size_t peak;
    /* Returns the largest count that heap_take would return now. */
    size_t largest;
};
struct heap_use heap_use(void);

#endif
