/* What both ways to the host share: paths, and the end of the node with a message. */
#include "host.h"

#include <string.h>

void host_path(char *path, size_t size, const char *folder, const char *name)
{
    if (strlen(folder) + strlen(name) + 2 > size)
        host_fail(HOST_EXIT_OPTIONS, "the folder's name is too long", "dir");
    strcpy(path, folder);
    strcat(path, "/");
    strcat(path, name);
}

_Noreturn void host_fail(enum host_exit code, const char *what, const char *name)
{
    if (name != NULL) {
        host_print(name);
        host_print(": ");
    }
    host_print(what);
    host_print("\n");
    host_exit((int)code);
}
