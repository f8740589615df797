/*
 * Small versions of the C library's string functions. Those of the library are optimized for speed and take about 2.5
 * KB more; strings are short here. Compiled with -fno-builtin, so that the compiler does not replace their loops by
 * calls of themselves.
 */
#include <string.h>

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length] != 0)
        length++;
    return length;
}

int strncmp(const char *a, const char *b, size_t most)
{
    for (; most > 0 && *a != 0 && *a == *b; most--) {
        a++;
        b++;
    }
    return most == 0 ? 0 : (unsigned char)*a - (unsigned char)*b;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, (size_t)-1);
}

char *strchr(const char *text, int wanted)
{
    for (;; text++) {
        if (*text == (char)wanted)
            return (char *)(size_t)text;
        if (*text == 0)
            return NULL;
    }
}

char *strstr(const char *text, const char *wanted)
{
    size_t length = strlen(wanted);
    for (; strncmp(text, wanted, length) != 0; text++)
        if (*text == 0)
            return NULL;
    return (char *)(size_t)text;
}

char *strcpy(char *to, const char *from)
{
    memcpy(to, from, strlen(from) + 1);
    return to;
}

char *strcat(char *to, const char *from)
{
    strcpy(to + strlen(to), from);
    return to;
}

void *memchr(const void *bytes, int wanted, size_t count)
{
    for (const unsigned char *at = bytes; count > 0; at++, count--)
        if (*at == (unsigned char)wanted)
            return (void *)(size_t)at;
    return NULL;
}
