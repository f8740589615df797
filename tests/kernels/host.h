/* Files and an end for the programs of this folder: those of the emulated boards. */
#include "../../boards/emulated/host.h"
