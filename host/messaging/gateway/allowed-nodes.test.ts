import { describe, expect, it } from 'vitest';
import { parseAllowedNodes } from './allowed-nodes.ts';

const parse = (text: string) => parseAllowedNodes(Buffer.from(text), 'nodes.json');

describe('the file of allowed nodes', () => {
  it('names nodes, each with its credentials or without', () => {
    const nodes = parse('{"a": {}, "b": {"password": "p"}, "c": {"username": "u", "password": ""}}');
    expect([...nodes]).toEqual([
      ['a', null],
      ['b', { username: 'b', password: 'p' }],
      ['c', { username: 'u', password: '' }],
    ]);
    expect(parse('{}').size).toBe(0);
  });

  it.each([
    ['no JSON', '{'],
    ['a list', '["a"]'],
    ['null', 'null'],
    ['the name of no node', '{"a/b": {}}'],
    ['an entry that is no object', '{"a": true}'],
    ['a user without a password', '{"a": {"username": "u"}}'],
    ['a password that is no text', '{"a": {"password": 1}}'],
    ['a misspelt member', '{"a": {"pasword": "p"}}'],
  ])('is rejected with %s', (_what, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'ALLOW_FILE' }));
  });

  it('does not show passwords in its errors', () => {
    expect(() => parse('{"a": {"username": 5, "password": "secret"}}')).toThrow(/^(?!.*secret)/);
  });
});
