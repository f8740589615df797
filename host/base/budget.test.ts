import { describe, expect, it } from 'vitest';
import { Budget, dayBudget } from './budget.ts';

describe('a budget', () => {
  it('gives a burst, and then one at a time', () => {
    const budget = new Budget({ burst: 2, everyUs: 1000 });
    const taken = (nowUs: number) => [budget.take(nowUs), budget.take(nowUs), budget.take(nowUs)];
    expect(taken(5)).toEqual([true, true, false]);
    expect(budget.waitUs(5)).toBe(1000);
    expect(taken(1004)).toEqual([false, false, false]);
    expect(taken(1005)).toEqual([true, false, false]);
    expect(taken(3505)).toEqual([true, true, false]);
    expect(taken(4505)).toEqual([true, false, false]);
    expect(taken(1e9)).toEqual([true, true, false]);
  });

  it('of a day gives so many at once, and twice as many in the first day', () => {
    const budget = dayBudget(24);
    let given = 0;
    for (let minute = 0; minute < 24 * 60; minute++) for (let i = 0; i < 3; i++) given += +budget.take(minute * 60e6);
    expect(given).toBe(24 + 23);
  });
});
