/* Bounds that follow from the constants of abi/constants.json. */
#ifndef MOTE_BOUNDS_H
#define MOTE_BOUNDS_H

#include "base/constants.h"

/*
 * What a module declares goes into its birth message, for which a quarter of the store is kept free; the rest is for
 * the identity of the node.
 */
#define AGENT_DECLARED_BYTES (AGENT_LINK_STORE_BYTES / 4 - AGENT_BIRTH_BYTES)

#endif
