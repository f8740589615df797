/** Faults of modules in an agent's log, and what a user can do about them. */
import { formatBytes, MoteError } from '../../base/index.ts';
import { type Board, boardNames, loadBoard } from '../board/index.ts';

/** A fault, as the agent logs it, or a module that can't get what it waits for. */
const FAULT = /^([A-Z][A-Z0-9_]+ (load|init|step|on_message|health)( at 0x[0-9a-f]+)?: |MODULE_UNREAD )/;
/** A module that needs more memory than the board has, as the agent and wasm3 log it. */
const OUT_OF_MEMORY = /^(MODULE_MEMORY load|WASM_LOAD load: .*allocation failed)/;

export const isFault = (text: string): boolean => FAULT.test(text);
export const isOutOfMemory = (text: string): boolean => OUT_OF_MEMORY.test(text);

/** What to do about a module that is too large for a board. */
export function memoryAdvice({ name, memory }: Board): MoteError {
  const bytes = memory?.ram.bytes ?? Number.POSITIVE_INFINITY;
  const larger = boardNames()
    .map(loadBoard)
    .filter(({ run, memory }) => run !== null && (memory?.ram.bytes ?? Number.POSITIVE_INFINITY) > bytes);
  const size = memory === null ? '' : ` (${formatBytes(bytes)} of RAM, minus that of the firmware)`;
  const others = larger.map(({ name }) => name).join(', ');
  return new MoteError(
    'BOARD_MEMORY',
    `The module doesn't fit into the memory of ${name}${size}: use a smaller model${others === '' ? '' : ` or a board with more memory (${others})`}.`,
  );
}
