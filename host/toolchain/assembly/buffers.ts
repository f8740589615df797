/**
 * Reserves the memory of sized buffers. AssemblyScript takes the size of `memory.data` only as a constant expression at
 * the place of the call, so `samples16(256)` can't reserve its own memory. A transform of asc gives it the block as a
 * second argument: `samples16(256, memory.data<usize>([memory.data(256 * 2, 8), 256], 8))`, the address and the length.
 */
import * as assemblyscript from 'assemblyscript';
import type { Transform } from 'assemblyscript/transform';

/** Bytes of one element, by the function of `assembly/memory` that reserves a buffer. */
const ELEMENT_BYTES: ReadonlyMap<string, number> = new Map([
  ['samples16', 2],
  ['values32', 4],
  ['values8', 1],
]);
const CALL = /\b(samples16|values32|values8)\s*\(/;
const ALIGNMENT = 8;

/** asc's syntax tree, as far as it is used here. */
interface Syntax {
  readonly range: object;
}
interface Call extends Syntax {
  readonly expression: { readonly text?: string };
  readonly args: Syntax[];
}
interface Source extends Syntax {
  readonly text: string;
  readonly statements: Syntax[];
}

interface Nodes {
  createCallExpression(callee: Syntax, types: Syntax[] | null, args: Syntax[], range: object): Syntax;
  createIdentifierExpression(text: string, range: object): Syntax;
  createPropertyAccessExpression(object: Syntax, property: Syntax, range: object): Syntax;
  createIntegerLiteralExpression(value: unknown, range: object): Syntax;
  createParenthesizedExpression(inner: Syntax, range: object): Syntax;
  createBinaryExpression(operator: number, left: Syntax, right: Syntax, range: object): Syntax;
  createArrayLiteralExpression(elements: Syntax[], range: object): Syntax;
  createSimpleTypeName(text: string, range: object): Syntax;
  createNamedType(name: Syntax, types: null, nullable: boolean, range: object): Syntax;
}
const { Node: nodes, Token } = assemblyscript as unknown as { Node: Nodes; Token: { Asterisk: number } };
/** asc's 64-bit integers, a global function of its JavaScript build. */
const i64 = (value: number): unknown => (globalThis as unknown as { i64_new(low: number): unknown }).i64_new(value);

const transform = {
  afterParse({ sources }: { sources: Source[] }): void {
    for (const { text, statements } of sources) if (CALL.test(text)) for (const one of statements) visit(one);
  },
};

/** The transform, for asc's option `transforms`, which needs no more than the one function. */
export const reserveBuffers = transform as unknown as Transform;

function visit(node: Syntax): void {
  for (const [field, value] of Object.entries(node)) {
    if (field === 'range') continue;
    for (const child of Array.isArray(value) ? value : [value]) if (isSyntax(child)) visit(child);
  }
  const { expression, args } = node as Partial<Call>;
  const bytes = ELEMENT_BYTES.get(expression?.text ?? '');
  if (bytes !== undefined && args?.length === 1) args.push(block(args[0]!, bytes));
}

function isSyntax(value: unknown): value is Syntax {
  return typeof value === 'object' && value !== null && 'range' in value && 'kind' in value;
}

/** `memory.data<usize>([memory.data((length) * bytes, 8), length], 8)`. */
function block(length: Syntax, bytes: number): Syntax {
  const { range } = length;
  const integer = (value: number) => nodes.createIntegerLiteralExpression(i64(value), range);
  const name = (text: string) => nodes.createIdentifierExpression(text, range);
  const data = (types: Syntax[] | null, ...args: Syntax[]) => {
    const callee = nodes.createPropertyAccessExpression(name('memory'), name('data'), range);
    return nodes.createCallExpression(callee, types, [...args, integer(ALIGNMENT)], range);
  };
  const whole = nodes.createParenthesizedExpression(length, range);
  const size = nodes.createBinaryExpression(Token.Asterisk, whole, integer(bytes), range);
  const usize = nodes.createNamedType(nodes.createSimpleTypeName('usize', range), null, false, range);
  return data([usize], nodes.createArrayLiteralExpression([data(null, size), length], range));
}
