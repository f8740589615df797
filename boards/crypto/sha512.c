/* Monocypher's SHA-512, which Ed25519 needs. A package has it hash some 200 bytes: small matters, fast does not. */
#ifndef __clang__
/* 132 bytes less on a Cortex-M4 (GCC 12). */
#pragma GCC optimize("no-inline-small-functions")
#endif
#include "optional/monocypher-ed25519.c"
