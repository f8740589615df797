import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { packagePath } from '../../base/index.ts';
import { boardNames, loadBoard, parseBoard } from './board-json.ts';

type Json = Record<string, unknown>;
const reference = (): Json =>
  JSON.parse(readFileSync(packagePath('boards', 'targets', 'mps2-an386', 'board.json'), 'utf8')) as Json;

/** The reference board with one change. */
function changed(change: (board: Json) => void): string {
  const board = reference();
  change(board);
  return JSON.stringify(board);
}
const parse = (text: string) => parseBoard(text, 'mps2-an386');

test.each(boardNames())('%s has a description that is whole', (name) => {
  expect(loadBoard(name).name).toBe(name);
});

test('numbers may be hexadecimal strings', () => {
  expect(parse(JSON.stringify(reference())).memory?.ram.origin).toBe(0x2000_0000);
});

test('an unknown board name is an error', () => {
  expect(() => loadBoard('mps3')).toThrow(expect.objectContaining({ code: 'BOARD_NAME' }));
  expect(() => loadBoard('../targets/linux')).toThrow(expect.objectContaining({ code: 'BOARD_NAME' }));
});

describe('a description is rejected', () => {
  const part = (board: Json, name: string) => board[name] as Json;
  test.each<[string, string]>([
    ['that is no JSON', '{'],
    ['that is a list', '[]'],
    ['of another board', changed((board) => Object.assign(board, { name: 'other' }))],
    ['with a field too many', changed((board) => Object.assign(board, { pages: 4 }))],
    ['with a field too many inside', changed((board) => Object.assign(part(board, 'flash'), { pages: 4 }))],
    ['without its chip', changed((board) => delete board.chip)],
    ['with flags that are no texts', changed((board) => Object.assign(part(board, 'cpu'), { flags: [1] }))],
    ['of an unknown toolchain', changed((board) => Object.assign(part(board, 'cpu'), { toolchain: 'sdcc' }))],
    ['without memory', changed((board) => delete board.memory)],
    ['without a linker script', changed((board) => delete board.linkerScript)],
    ['with an address that is none', changed((board) => Object.assign(part(board, 'flash'), { origin: '30000' }))],
    ['with an address beyond 32 bits', changed((board) => Object.assign(part(board, 'flash'), { origin: 2 ** 32 }))],
    ['with half a page', changed((board) => Object.assign(part(board, 'flash'), { bytes: 4096 * 10 + 2048 }))],
    ['with a write of 3 bytes', changed((board) => Object.assign(part(board, 'flash'), { write: 3 }))],
    ['with a write of 512 bytes', changed((board) => Object.assign(part(board, 'flash'), { write: 512 }))],
    ['with flash in RAM', changed((board) => Object.assign(part(board, 'flash'), { origin: '0x20001000' }))],
    ['with flash in firmware', changed((board) => Object.assign(part(board, 'flash'), { origin: '0x00010000' }))],
    ['run by nothing known', changed((board) => Object.assign(board, { run: { kind: 'renode' } }))],
    ['flashed by nothing known', changed((board) => Object.assign(board, { flashing: [{ tool: 'dd' }] }))],
    [
      'of an unknown UF2 family',
      changed((board) => Object.assign(board, { flashing: [{ tool: 'uf2', family: 'z80', volume: 'Z' }] })),
    ],
  ])('%s', (_, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'BOARD_JSON' }));
  });
});
