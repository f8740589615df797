/* The interrupt matrix (TRM 8) and the processor's lines behind it. */
#include "matrix.h"

#include "board.h"

#define SOURCES 62u
#define SOURCE_LINE(n) REGISTER(0x600C2000 + 4 * (n))
#define LINES_ON REGISTER(0x600C2104)
#define LINES_EDGE REGISTER(0x600C2108)
#define LINE_PRIORITY(n) REGISTER(0x600C2114 + 4 * (n))
#define MIN_PRIORITY REGISTER(0x600C2194)

/* There is no line 0. */
enum { NO_LINE = 0, PRIORITY = 1 };

void matrix_start(void)
{
    LINES_ON = 0;
    for (uint32_t source = 0; source < SOURCES; source++)
        SOURCE_LINE(source) = NO_LINE;
    LINES_EDGE = 0;
    MIN_PRIORITY = PRIORITY;
}

void matrix_connect(uint32_t source, uint32_t line)
{
    SOURCE_LINE(source) = line;
    LINE_PRIORITY(line) = PRIORITY;
    LINES_ON |= 1u << line;
}
