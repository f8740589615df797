/**
 * Reserves the memory of sized buffers. AssemblyScript takes the size of `memory.data` only as a constant expression at
 * the place of the call, so `samples16(256)` can't reserve its own memory. A transform of asc gives it the block as a
 * second argument: `samples16(256, memory.data<usize>([memory.data(256 * 2, 8), 256], 8))`, the address and the length.
 */
import { binary, callTransform, integer, nodes, type Syntax } from './syntax.ts';

/** Bytes of one element, by the function of `assembly/memory` that reserves a buffer. */
const ELEMENT_BYTES: ReadonlyMap<string, number> = new Map([
  ['samples16', 2],
  ['values32', 4],
  ['values8', 1],
]);
const ALIGNMENT = 8;

export const reserveBuffers: ReturnType<typeof callTransform> = callTransform(
  /\b(samples16|values32|values8)\s*\(/,
  ({ expression, args }) => {
    const bytes = ELEMENT_BYTES.get(expression.text ?? '');
    if (bytes !== undefined && args.length === 1) args.push(block(args[0]!, bytes));
  },
);

/** `memory.data<usize>([memory.data((length) * bytes, 8), length], 8)`. */
function block(length: Syntax, bytes: number): Syntax {
  const { range } = length;
  const name = (text: string) => nodes.createIdentifierExpression(text, range);
  const data = (types: Syntax[] | null, what: Syntax) => {
    const callee = nodes.createPropertyAccessExpression(name('memory'), name('data'), range);
    return nodes.createCallExpression(callee, types, [what, integer(ALIGNMENT, range)], range);
  };
  const usize = nodes.createNamedType(nodes.createSimpleTypeName('usize', range), null, false, range);
  const address = data(null, binary('*', length, bytes));
  return data([usize], nodes.createArrayLiteralExpression([address, length], range));
}
