#include "budget.h"

#define DAY_US UINT64_C(86400000000)

/* As if what has happened had happened one after the other, each in its part of a day. */
static uint64_t spent_until(const struct budget *budget, uint64_t now_us)
{
    return budget->spent_until_us > now_us ? budget->spent_until_us : now_us;
}

uint64_t budget_wait_us(const struct budget *budget, uint32_t per_day, uint64_t now_us)
{
    const uint64_t ahead_us = spent_until(budget, now_us) - now_us;
    const uint64_t free_us = DAY_US - DAY_US / per_day;
    return ahead_us > free_us ? ahead_us - free_us : 0;
}

void budget_spend(struct budget *budget, uint32_t per_day, uint64_t now_us)
{
    budget->spent_until_us = spent_until(budget, now_us) + DAY_US / per_day;
}

uint32_t budget_seconds(uint64_t wait_us)
{
    return (uint32_t)((wait_us + 999999) / 1000000);
}
