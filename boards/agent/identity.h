/* Who the node is and whose packages it trusts. */
#ifndef MOTE_IDENTITY_H
#define MOTE_IDENTITY_H

#include "package/keys.h"
#include "storage.h"

/* All of it points into the agent's store. */
struct identity {
    struct span id;
    /* Product class and group. Empty if the node has none. */
    struct span product;
    struct span group;
    struct public_key keys[PACKAGE_TRUSTED_KEYS];
    uint32_t key_count;
};

/* Reads the identity from flash. Call it again after each change of the agent's store, which moves what it holds. */
void identity_load(struct identity *identity, const struct storage *storage);

#endif
