/** Walks through the expressions of Binaryen. */
import binaryen from 'binaryen';

type Expression = number;

/** Fields of an expression that hold other expressions, in all kinds that nodes allow. */
const CHILDREN = [
  ...[
    'body',
    'condition',
    'ifTrue',
    'ifFalse',
    'value',
    'ptr',
    'left',
    'right',
    'target',
    'dest',
    'source',
    'size',
    'delta',
  ],
  ...['operands', 'children'],
];

/** Children first, so that code that is added to an expression isn't visited. */
export function visit(expression: Expression, seen: (expression: Expression, id: number) => void): void {
  const id = binaryen.getExpressionId(expression);
  if (id === binaryen.ConstId || id === binaryen.NopId || id === binaryen.UnreachableId) {
    seen(expression, id);
    return;
  }
  const info = binaryen.getExpressionInfo(expression) as unknown as Record<string, unknown>;
  for (const field of CHILDREN) {
    const child = info[field];
    for (const one of Array.isArray(child) ? child : [child])
      if (typeof one === 'number' && one !== 0) visit(one, seen);
  }
  seen(expression, id);
}
