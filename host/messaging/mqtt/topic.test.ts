import { describe, expect, it } from 'vitest';
import { isTopicFilter, isTopicName, matches } from './topic.ts';

describe('topics', () => {
  it.each([
    ['a/b', 'a/b', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a/b/c', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['+', '', true],
    ['a/+/c', 'a//c', true],
    ['a', 'b', false],
  ])('filter %s and topic %s: %s', (filter, topic, expected) => {
    expect(matches(filter, topic)).toBe(expected);
  });

  it('distinguishes names from filters', () => {
    for (const bad of ['', 'a+', 'a/#', 'a\0', '\ud800', 'x'.repeat(65536)]) expect(isTopicName(bad)).toBe(false);
    for (const bad of ['', 'a+', '#/a', 'a#', 'a/b#']) expect(isTopicFilter(bad)).toBe(false);
    for (const good of ['+', '#', 'a/+/#', '$share/g/a']) expect(isTopicFilter(good)).toBe(true);
  });
});
