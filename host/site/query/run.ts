/** Asks a store: runs the SQL of a plan and returns its rows as the plan defines them. */
import { MoteError } from '../../base/index.ts';
import type { Cell } from './aggregate.ts';
import { compile } from './compile.ts';
import type { DialectName } from './dialect.ts';
import { emit, emitSeries } from './emit.ts';
import type { Plan, PlanContext } from './plan.ts';
import type { Query } from './query.ts';

/** A connection to a store, with the dialect that it speaks. */
export interface Database {
  readonly dialect: DialectName;
  /** Values as the driver gives them: integers as bigint, as number where they are small, or as text. */
  rows(sql: string): Promise<readonly (readonly unknown[])[]>;
}

export interface Answer {
  readonly plan: Plan;
  readonly rows: readonly (readonly Cell[])[];
}

/** Asks with the exponent and unit that the series of the store have. Throws `QUERY`. */
export async function ask(database: Database, query: Query, context: PlanContext = {}): Promise<Answer> {
  const plan = await planFor(database, query, context);
  return { plan, rows: await runPlan(database, plan) };
}

export async function runPlan(database: Database, plan: Plan): Promise<Cell[][]> {
  const rows = await database.rows(emit(plan, database.dialect));
  return rows.map((row) => plan.columns.map(({ type }, i) => cell(row[i], type === 'text')));
}

function cell(value: unknown, text: boolean): Cell {
  if (value === null || value === undefined) return null;
  if (text) return String(value);
  return typeof value === 'bigint' ? value : BigInt(value as string | number);
}

/** The series that a question finds: their units and exponents. */
export interface SeriesKinds {
  readonly units: readonly string[];
  readonly exponents: readonly number[];
}

/** Farther apart, no exponent holds all values in 64 bits. */
const MAX_SPREAD = 18;

/** Completes a question with what the store knows. Throws `QUERY` if that leaves a choice to the asker. */
export async function planFor(database: Database, query: Query, context: PlanContext = {}): Promise<Plan> {
  if (query.from !== 'points') return compile(query, context);
  const probe = compile(withExponent(query, query.as?.exponent ?? 0), context);
  if (probe.scales === null) return probe;
  const rows = await database.rows(emitSeries(probe, database.dialect));
  const units = [...new Set(rows.map(([unit]) => String(unit)))];
  const exponents = [...new Set(rows.map(([, exponent]) => Number(exponent)))];
  return completed(query, { units, exponents }, probe.exponent !== null, context);
}

function withExponent(query: Query, exponent: number): Query {
  return { ...query, as: { ...query.as, exponent } };
}

/** `aggregates`: whether the question aggregates values, so that they must have one unit and exponent. */
export function completed(query: Query, kinds: SeriesKinds, aggregates: boolean, context: PlanContext): Plan {
  const { units, exponents } = kinds;
  if (aggregates && units.length > 1 && !separatesUnits(query)) {
    const list = units.slice(0, 8).map((unit) => unit || '(none)');
    const more = units.length > list.length ? ', ...' : '';
    throw new MoteError(
      'QUERY',
      `The series have the units ${list.join(', ')}${more}, which can't be aggregated together: choose one, such as "as '${units[0]}'", or group "by unit".`,
    );
  }
  const finest = Math.min(...exponents);
  if (aggregates && query.as?.exponent === undefined && Math.max(...exponents) - finest > MAX_SPREAD) {
    throw new MoteError(
      'QUERY',
      `The exponents of the series are more than ${MAX_SPREAD} apart; choose one, such as "as exponent ${finest}".`,
    );
  }
  const exponent = query.as?.exponent ?? (exponents.length === 0 ? 0 : finest);
  return compile(aggregates ? withExponent(query, exponent) : query, { ...context, exponents });
}

const separatesUnits = ({ by = [], as }: Query): boolean =>
  as?.unit !== undefined || by.some(({ term }) => term === 'unit');
