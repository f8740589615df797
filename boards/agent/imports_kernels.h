/* Imports for native kernels. */
#ifndef MOTE_IMPORTS_KERNELS_H
#define MOTE_IMPORTS_KERNELS_H

#include "import.h"

IMPORT(nn_run);
IMPORT(nn_real_fft);
IMPORT(nn_filter_bank);

#endif
