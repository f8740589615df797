/* An nRF51 has no memory protection. */
#include "arch/cortex-m/protect.h"

void protect_start(void)
{
}
