/** asc's syntax tree, as far as transforms read and extend it. */
import * as assemblyscript from 'assemblyscript';
import type { Transform } from 'assemblyscript/transform';

export interface Syntax {
  readonly range: object;
}
export interface Call extends Syntax {
  readonly expression: {
    readonly text?: string;
    readonly expression?: { text?: string };
    property?: { text?: string };
  };
  readonly typeArguments: Syntax[] | null;
  readonly args: Syntax[];
}
interface Source {
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
const { Node: nodes, Token } = assemblyscript as unknown as {
  Node: Nodes;
  Token: { Asterisk: number; Plus: number };
};

export { nodes };

/** asc's 64-bit integers: a global function of its JavaScript build. */
const i64 = (value: number): unknown => (globalThis as unknown as { i64_new(low: number): unknown }).i64_new(value);

export const integer = (value: number, range: object): Syntax =>
  nodes.createIntegerLiteralExpression(i64(value), range);

/** `(left) * right` or `(left) + right`. */
export function binary(operator: '*' | '+', left: Syntax, right: number): Syntax {
  const { range } = left;
  const token = operator === '*' ? Token.Asterisk : Token.Plus;
  return nodes.createBinaryExpression(
    token,
    nodes.createParenthesizedExpression(left, range),
    integer(right, range),
    range,
  );
}

/** A transform, for asc's option `transforms`, that shows each call in sources with a certain text to `change`. */
export function callTransform(text: RegExp, change: (call: Call) => void): Transform {
  function visit(node: Syntax): void {
    for (const [field, value] of Object.entries(node)) {
      if (field === 'range') continue;
      for (const child of Array.isArray(value) ? value : [value]) if (isSyntax(child)) visit(child);
    }
    if ('args' in node && 'expression' in node) change(node as Call);
  }
  // asc's own type demands fields that it sets itself.
  return {
    afterParse({ sources }: { sources: Source[] }): void {
      for (const source of sources) if (text.test(source.text)) for (const one of source.statements) visit(one);
    },
  } as unknown as Transform;
}

function isSyntax(value: unknown): value is Syntax {
  return typeof value === 'object' && value !== null && 'range' in value && 'kind' in value;
}
