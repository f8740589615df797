/* What the node was told at its start, as words key=value; a key may come more than once. */
#ifndef MOTE_OPTIONS_H
#define MOTE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Reads them once, and ends the node on a word that isn't key=value. */
void options_start(void);

/* Value of the `index`th word with that key; NULL: there are no more. Who asks may write into it. */
char *options_value(const char *key, uint32_t index);

/* The value's number, or `otherwise` without one; ends the node when it isn't a number of `least` to `most`. */
uint32_t options_number(const char *key, uint32_t least, uint32_t most, uint32_t otherwise);

/* Whether the value is `yes` (true) or `no` or isn't there (false); ends the node when it is something else. */
bool options_choice(const char *key, const char *no, const char *yes);

/* Reads digits at `*at` and moves it behind them; false: there are none, or the number is above `most`. */
bool options_digits(const char **at, uint32_t most, uint32_t *number);

#endif
