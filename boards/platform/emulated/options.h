/* Options of the start: words key=value. A key may occur more than once. */
#ifndef MOTE_OPTIONS_H
#define MOTE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Reads the options once. Ends the node on a word that is not key=value. */
void options_start(void);

/* Returns the value of the `index`th word with that key, or NULL. The caller may write into it. */
char *options_value(const char *key, uint32_t index);

/* Returns the value as a number, or `otherwise` without one. Ends the node if it is not a number in the given range. */
uint32_t options_number(const char *key, uint32_t least, uint32_t most, uint32_t otherwise);

/* Returns true for the value `yes`, false for `no` or no value. Ends the node for another one. */
bool options_choice(const char *key, const char *no, const char *yes);

/* Reads digits at `*at` and moves it behind them. Returns false if there are none, or if the number is too large. */
bool options_digits(const char **at, uint32_t most, uint32_t *number);

#endif
