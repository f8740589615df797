/* An nRF51 has no memory protection. */
#include "protect.h"

void protect_start(void)
{
}
