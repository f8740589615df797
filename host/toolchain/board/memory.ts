/** Whether any board has the memory that a module needs. */
import { NodeConstant } from '../../base/abi/index.ts';
import { formatBytes } from '../../base/index.ts';
import { boardNames, loadBoard } from './board-json.ts';

/** A warning with the RAM of each board when the module needs more than any board has, else null. */
export function memoryWarning(memoryBytes: number): string | null {
  const boards = boardNames()
    .map(loadBoard)
    .flatMap(({ name, memory }) => (memory === null ? [] : [{ name, bytes: memory.ram.bytes }]))
    .sort((a, b) => b.bytes - a.bytes);
  if (boards.some(({ bytes }) => bytes > memoryBytes)) return null;
  const ram = boards.map(({ name, bytes }) => `${name} ${formatBytes(bytes)}`).join(', ');
  const limit = NodeConstant.memoryBytes;
  const nowhere = memoryBytes > limit ? `, and a node on a computer gives ${formatBytes(limit)}` : '';
  return `the module needs ${formatBytes(memoryBytes)} of memory, more than the RAM of any board (${ram})${nowhere}: use smaller buffers or a smaller model`;
}
