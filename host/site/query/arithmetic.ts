/** Lays out fixed-point expressions as aggregates and steps over integers. Equal parts are computed once. */
import { type PartPath, QueryFault } from './fault.ts';
import { multiply, parseDecimal, power10 } from './fixed.ts';
import type { Atom, Operand, RowField, Step } from './plan.ts';
import type { Expression, Field } from './query.ts';

/** An operand with the exponent of its integer. */
export interface Fixed {
  readonly operand: Operand;
  readonly exponent: number;
}

/** Exponents beyond are refused: the factor between two of them could have more than 38 digits. */
const MAX_EXPONENT = 36;
const MAX_SHIFT = 37;

export class Arithmetic {
  readonly atoms: Atom[] = [];
  readonly steps: Step[] = [];
  readonly #exponent: () => number;
  readonly #known = new Map<string, Operand>();

  /** `exponent` returns that of values, or throws if there is none. */
  constructor(exponent: () => number) {
    this.#exponent = exponent;
  }

  atom(atom: Atom): Operand {
    return this.#once(atom, () => ({ atom: this.atoms.push(atom) - 1 }));
  }

  expression(expression: Expression, path: PartPath): Fixed {
    if ('number' in expression) {
      const { integer, exponent } = parseDecimal(expression.number);
      return { operand: { constant: integer }, exponent };
    }
    if ('abs' in expression) {
      const { operand, exponent } = this.expression(expression.abs, [...path, 'abs']);
      return { operand: this.#step('absolute', operand), exponent };
    }
    if ('scale' in expression) {
      const inner = this.expression(expression.scale, [...path, 'scale']);
      return this.rescale(inner, expression.exponent, path);
    }
    if (!('op' in expression)) return 'of' in expression ? this.#aggregate(expression, path) : this.#count();
    const left = this.expression(expression.left, [...path, 'left']);
    const right = this.expression(expression.right, [...path, 'right']);
    if (expression.op === '*') return this.#product(left, right, path);
    if (expression.op === '/') return this.#quotient(left, right, path);
    const [a, b] = this.aligned(left, right, path);
    return {
      operand: this.#step(expression.op === '+' ? 'add' : 'subtract', a.operand, b.operand),
      exponent: a.exponent,
    };
  }

  /** Both at the finer exponent. */
  aligned(a: Fixed, b: Fixed, path: PartPath): [Fixed, Fixed] {
    const exponent = Math.min(a.exponent, b.exponent);
    return [this.rescale(a, exponent, path), this.rescale(b, exponent, path)];
  }

  rescale({ operand, exponent }: Fixed, to: number, path: PartPath): Fixed {
    const shift = exponent - to;
    if (shift === 0) return { operand, exponent };
    if (shift > 0 && shift <= MAX_SHIFT && 'constant' in operand) {
      const constant = multiply(operand.constant, power10(shift));
      if (constant !== null) return { operand: { constant }, exponent: to };
    }
    return {
      operand: this.#step(shift > 0 ? 'multiply' : 'divide', operand, factor(Math.abs(shift), path)),
      exponent: to,
    };
  }

  #count(): Fixed {
    return { operand: this.atom({ kind: 'count' }), exponent: 0 };
  }

  #aggregate({ aggregate, of }: Extract<Expression, { of: Field }>, path: PartPath): Fixed {
    const exponent = of === 'value' ? this.#exponent() : of === 'time' ? -6 : 0;
    if (aggregate === 'squares') return this.#squares(of, exponent, path);
    if (aggregate !== 'mean') return { operand: this.atom({ kind: aggregate, of }), exponent };
    return { operand: this.#step('divide', this.atom({ kind: 'sum', of }), this.#count().operand), exponent };
  }

  #squares(of: RowField, exponent: number, path: PartPath): Fixed {
    const part = (kind: 'highHigh' | 'highLow' | 'lowLow') => this.atom({ kind, of });
    const high = this.#step('multiply', part('highHigh'), { constant: power10(18) });
    const middle = this.#step('multiply', part('highLow'), { constant: 2n * power10(9) });
    const operand = this.#step('add', this.#step('add', high, middle), part('lowLow'));
    return { operand, exponent: within(2 * exponent, path) };
  }

  #product(left: Fixed, right: Fixed, path: PartPath): Fixed {
    const operand = this.#step('multiply', left.operand, right.operand);
    return { operand, exponent: within(left.exponent + right.exponent, path) };
  }

  /** The quotient has the exponent of the dividend. */
  #quotient(left: Fixed, right: Fixed, path: PartPath): Fixed {
    const shift = right.exponent;
    const a = shift < 0 ? this.#step('multiply', left.operand, factor(-shift, path)) : left.operand;
    const b = shift > 0 ? this.#step('multiply', right.operand, factor(shift, path)) : right.operand;
    return { operand: this.#step('divide', a, b), exponent: left.exponent };
  }

  #step(op: Step['op'], a: Operand, b?: Operand): Operand {
    const level = 1 + Math.max(this.#level(a), b === undefined ? 0 : this.#level(b));
    const step = { op, a, ...(b === undefined ? {} : { b }), level } as Step;
    return this.#once(step, () => ({ step: this.steps.push(step) - 1 }));
  }

  #level(operand: Operand): number {
    return 'step' in operand ? this.steps[operand.step]!.level : 0;
  }

  #once(part: Atom | Step, make: () => Operand): Operand {
    const key = JSON.stringify(part, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#known.set(key, made);
    return made;
  }
}

function factor(digits: number, path: PartPath): Operand {
  if (digits > MAX_SHIFT) {
    throw new QueryFault(
      path,
      `The exponents of two numbers are ${digits} apart; at most ${MAX_SHIFT} are possible: use "scale".`,
    );
  }
  return { constant: power10(digits) };
}

function within(exponent: number, path: PartPath): number {
  if (Math.abs(exponent) <= MAX_EXPONENT) return exponent;
  throw new QueryFault(
    path,
    `The exponent of a product is ${exponent}; ${-MAX_EXPONENT} to ${MAX_EXPONENT} are possible: use "scale".`,
  );
}
