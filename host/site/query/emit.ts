/** Writes a plan as one SQL statement that reads the tables of the store (docs/spec/site.md). */
import type { AssetLevel } from '../model/index.ts';
import { absolute, type Dialect, type DialectName, dialects, nearestQuotient, rescaled } from './dialect.ts';
import { INT64_MAX, INT64_MIN, power10 } from './fixed.ts';
import type { Atom, Column, IntegerRange, Operand, Plan, RowField, Scale, Step, TextCondition } from './plan.ts';

/** `first` and `last` order rows by time and value, as one number: (time + 10^16) x 10^20 + value + 2^63. */
const TIME_OFFSET = power10(16);
const TIME_FACTOR = power10(20);
const VALUE_OFFSET = -INT64_MIN;

interface Part {
  readonly name: string;
  readonly sql: string;
}

export function emit(plan: Plan, dialectName: DialectName): string {
  const emitter = new Emitter(plan, dialects[dialectName]);
  return emitter.statement();
}

/** A statement for the units and exponents of the series that a plan asks. */
export function emitSeries(plan: Plan, dialectName: DialectName): string {
  const d = dialects[dialectName];
  const conditions = plan.source.map((condition) => textCondition(d, d.name(condition.column.kind), condition));
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const columns = `${d.name('unit')}, ${d.name('exponent')}`;
  return `SELECT DISTINCT ${columns} FROM ${d.name('series')}${where} ORDER BY ${columns}`;
}

function textCondition(d: Dialect, expression: string, { texts, not }: TextCondition): string {
  const list = texts.map((text) => d.text(text));
  if (list.length === 1) return `${expression} ${not ? '<>' : '='} ${list[0]}`;
  return `${expression} ${not ? 'NOT IN' : 'IN'} (${list.join(', ')})`;
}

class Emitter {
  readonly #plan: Plan;
  readonly #d: Dialect;
  /** Tags and contexts that are joined, by their place and key. */
  readonly #attributes = new Map<
    string,
    { table: string; alias: string; key: string; at: AssetLevel | number | null }
  >();
  /** Aliases of the joins that find the asset above at a level. */
  readonly #levels = new Map<AssetLevel, string>();
  #placed = false;

  constructor(plan: Plan, dialect: Dialect) {
    this.#plan = plan;
    this.#d = dialect;
  }

  statement(): string {
    const rows = this.#rows();
    const parts = [...(this.#plan.from === 'points' ? [this.#series()] : []), rows, ...this.#windows(), this.#groups()];
    const steps = this.#steps();
    const last = steps.at(-1)?.name ?? 'g';
    const remarks = this.#d.remarks.map((line) => `-- ${line}\n`).join('');
    const all = [
      ...parts.map(({ name, sql }) => `${name} AS (\n  ${sql}\n)`),
      ...steps.map(({ name, sql }) => `${name} ${this.#d.step} (\n  ${sql}\n)`),
    ];
    return `${remarks}WITH ${all.join(', ')}\n${this.#answer(last)}`;
  }

  /** The series that are asked, with what is constant for each. */
  #series(): Part {
    const d = this.#d;
    const { scales, source } = this.#plan;
    const { min, max, not, multiply, divide, edges } = this.#seriesColumns();
    const conditions = source.map((condition) => textCondition(d, d.name(condition.column.kind), condition));
    // All exponents that a series may have need no condition.
    if (scales !== null && scales.length < 37) {
      const list = scales.map(({ exponent }) => exponent);
      conditions.push(list.length === 0 ? '1 = 0' : `${d.name('exponent')} IN (${list.join(', ')})`);
    }
    const columns = [
      ...['id', 'device', 'name', 'unit'].map((name) => d.name(name)),
      ...[min, max, multiply, divide, ...not, ...edges.flat()].flatMap((column) =>
        column.sql === undefined ? [] : [`${column.sql} AS ${column.alias}`],
      ),
    ];
    const where = conditions.length === 0 ? '' : `\n  WHERE ${conditions.join('\n    AND ')}`;
    return { name: 's', sql: `SELECT ${columns.join(',\n    ')}\n  FROM ${d.name('series')}${where}` };
  }

  /** What differs between scales is a column of the series; what doesn't is a constant. */
  #seriesColumns(): SeriesColumns {
    const scales = this.#plan.scales ?? [];
    const column = (alias: string, of: (scale: Scale) => bigint | null): SeriesColumn => {
      const values = scales.map(of);
      const [first = null] = values;
      if (values.every((value) => value === first)) return { alias, constant: first };
      // The most frequent value stands once, as all others.
      const count = (one: bigint | null) => values.filter((value) => value === one).length;
      const usual = values.reduce((a, b) => (count(b) > count(a) ? b : a), first);
      const cases = scales.flatMap((scale, i) =>
        values[i] === usual ? [] : [`WHEN ${scale.exponent} THEN ${this.#integer(values[i]!)}`],
      );
      return { alias, sql: `CASE ${this.#d.name('exponent')} ${cases.join(' ')} ELSE ${this.#integer(usual)} END` };
    };
    const [scale] = scales;
    return {
      min: column('lo', ({ min }) => min),
      max: column('hi', ({ max }) => max),
      multiply: column('m', ({ multiply }) => multiply),
      divide: column('d', ({ divide }) => divide),
      not: (scale?.not ?? []).map((_, i) => column(`n${i}`, ({ not }) => not[i]!)),
      edges: (scale?.edges ?? []).map((own, i) =>
        own.map((_, j) => column(`e${i}_${j}`, ({ edges }) => edges[i]![j]!)),
      ),
    };
  }

  #integer(n: bigint | null): string {
    if (n === null) return 'NULL';
    // Its digits alone are a number that 64 bits don't hold.
    if (n === INT64_MIN) return `(${-INT64_MAX} - 1)`;
    return n >= -INT64_MAX && n <= INT64_MAX ? `${n}` : this.#d.wide(n);
  }

  /** One row for each row of the source that is asked, with its keys. */
  #rows(): Part {
    const d = this.#d;
    const { from, keys, joined, under, source, quality, time, atoms } = this.#plan;
    const points = from === 'points';
    const of = (name: string) => `p.${d.name(name)}`;
    const series = this.#seriesColumns();
    const value = of('value');
    const columns = [`${of('t')} AS t`];
    const uses = (field: RowField) => atoms.some((atom) => 'of' in atom && atom.of === field);
    if (uses('value')) columns.push(`${this.#rescaled(value)} AS v`);
    if (uses('quality')) columns.push(`${of('quality')} AS q`);
    for (const [i, atom] of atoms.entries()) {
      if (atom.kind === 'bin') columns.push(`${this.#bin(atom, value, series.edges[atom.histogram]!)} AS b${i}`);
    }
    for (const [i, key] of keys.entries()) columns.push(`${this.#text(key)} AS k${i}`);
    const conditions = [
      ...(points ? [] : source.map((condition) => textCondition(d, this.#text(condition.column), condition))),
      ...joined.map((condition) => textCondition(d, this.#text(condition.column), condition)),
      ...under.map((path) => this.#under(path)),
      ...this.#range(of('t'), time),
      ...this.#range(of('quality'), quality),
      ...(this.#plan.scales === null ? [] : this.#valueConditions(value, series)),
    ];
    const where = conditions.length === 0 ? '' : `\n  WHERE ${conditions.join('\n    AND ')}`;
    const join = points ? `\n  JOIN s ON ${of('series')} = s.${d.name('id')}` : '';
    return {
      name: 'r',
      sql: `SELECT ${columns.join(',\n    ')}\n  FROM ${d.name(from)} p${join}${this.#joins()}${where}`,
    };
  }

  #rescaled(value: string): string {
    const { multiply, divide } = this.#seriesColumns();
    const [m, d] = [reference(multiply), reference(divide)];
    if (d === '1') return m === '1' ? value : `${value} * ${m}`;
    const divided = rescaled(this.#d, value, d);
    if (m === '1') return divided;
    return `CASE WHEN ${d} = 1 THEN ${value} * ${m} ELSE ${divided} END`;
  }

  #bin({ from, to }: Extract<Atom, { kind: 'bin' }>, value: string, edges: readonly SeriesColumn[]): string {
    const wide = this.#d.toWide(value);
    const edge = (i: number) => reference(edges[i]!, (n) => this.#integer(n));
    const bounds = [from === null ? null : `${wide} >= ${edge(from)}`, to === null ? null : `${wide} < ${edge(to)}`];
    return `CASE WHEN ${bounds.filter((bound) => bound !== null).join(' AND ')} THEN 1 ELSE 0 END`;
  }

  #valueConditions(value: string, { min, max, not }: SeriesColumns): string[] {
    const integer = (n: bigint | null) => this.#integer(n);
    return [
      ...(min.constant === INT64_MIN ? [] : [`${value} >= ${reference(min, integer)}`]),
      ...(max.constant === INT64_MAX ? [] : [`${value} <= ${reference(max, integer)}`]),
      ...not.flatMap((column) => {
        if (column.constant === null) return [];
        const differs = `${value} <> ${reference(column, integer)}`;
        return [column.sql === undefined ? differs : `(s.${column.alias} IS NULL OR ${differs})`];
      }),
    ];
  }

  #range(expression: string, { min, max, not }: IntegerRange): string[] {
    return [
      ...(min === null ? [] : [`${expression} >= ${min}`]),
      ...(max === null ? [] : [`${expression} <= ${max}`]),
      ...not.map((n) => `${expression} <> ${n}`),
    ];
  }

  #under(path: string): string {
    const asset = this.#asset();
    return `(${asset} = ${this.#d.text(path)} OR ${this.#d.startsWith(asset, `${path}/`)})`;
  }

  #asset(): string {
    this.#placed = true;
    return `pl.${this.#d.name('asset')}`;
  }

  /** The asset itself, the one above it at a level, or the first names of its path. */
  #above(at: AssetLevel | number | null): string {
    const asset = this.#asset();
    if (at === null) return asset;
    if (typeof at === 'number') return this.#d.prefix(asset, at);
    const alias = this.#levels.get(at) ?? `l${this.#levels.size}`;
    this.#levels.set(at, alias);
    return `${alias}.${this.#d.name('ancestor')}`;
  }

  #text(column: Column): string {
    const d = this.#d;
    if (column.kind === 'asset') return this.#above(column.at);
    if (column.kind === 'tag' || column.kind === 'context') {
      this.#placed = true;
      const table = column.kind === 'tag' ? 'asset_tags' : 'context';
      const id = JSON.stringify(column);
      const alias = this.#attributes.get(id)?.alias ?? `c${this.#attributes.size}`;
      this.#attributes.set(id, { table, alias, key: column.key, at: column.at });
      if (typeof column.at === 'string') this.#above(column.at);
      return `${alias}.${d.name('value')}`;
    }
    return `${this.#plan.from === 'points' ? 's' : 'p'}.${d.name(column.kind)}`;
  }

  /** Joins as of the time of the row. */
  #joins(): string {
    if (!this.#placed) return '';
    const d = this.#d;
    const t = `p.${d.name('t')}`;
    const asOf = (alias: string) => {
      const [begin, end] = [`${alias}.${d.name('valid_from')}`, `${alias}.${d.name('valid_to')}`];
      return `${t} >= ${begin} AND (${end} IS NULL OR ${t} < ${end})`;
    };
    const device = this.#text({ kind: 'device' });
    const joins = [`${d.name('placements')} pl ON pl.${d.name('device')} = ${device} AND ${asOf('pl')}`];
    for (const [level, alias] of this.#levels) {
      const own = `${alias}.${d.name('asset')} = ${this.#asset()}`;
      joins.push(`${d.name('asset_levels')} ${alias} ON ${own} AND ${alias}.${d.name('level')} = ${d.text(level)}`);
    }
    for (const { table, alias, key, at } of this.#attributes.values()) {
      const asset = this.#above(at);
      const own = `${alias}.${d.name('asset')} = ${asset}`;
      const which = `${alias}.${d.name(table === 'context' ? 'kind' : 'key')} = ${d.text(key)}`;
      joins.push(`${d.name(table)} ${alias} ON ${own} AND ${which} AND ${asOf(alias)}`);
    }
    return joins.map((join) => `\n  LEFT JOIN ${join}`).join('');
  }

  #windows(): Part[] {
    const { window, keys } = this.#plan;
    if (window === null) return [];
    if (window.kind === 'session') {
      const partition = keys.length === 0 ? '' : `PARTITION BY ${keys.map((_, i) => `k${i}`).join(', ')} `;
      // Rows of one time are peers of the default frame, so they get one number whatever their order.
      const over = `OVER (${partition}ORDER BY t)`;
      const begins = `CASE WHEN t - LAG(t) ${over} <= ${window.gapUs} THEN 0 ELSE 1 END AS f`;
      return [
        { name: 'f', sql: `SELECT r.*, ${begins} FROM r` },
        { name: 'w', sql: `SELECT f.*, SUM(f) ${over} AS n FROM f` },
      ];
    }
    const { sizeUs, everyUs } = window;
    const d = this.#d;
    const rest = d.remainder(`(${d.remainder('t', `${everyUs}`)} + ${everyUs})`, `${everyUs}`);
    if (sizeUs === everyUs) return [{ name: 'w', sql: `SELECT r.*, t - ${rest} AS ws FROM r` }];
    const back = Array.from({ length: Number(sizeUs / everyUs) }, (_, i) => `(${BigInt(i) * everyUs})`);
    // The cast keeps the type if all numbers are small.
    const start = `t - ${rest} - CAST(h.back AS BIGINT)`;
    return [{ name: 'w', sql: `SELECT r.*, ${start} AS ws FROM r CROSS JOIN (VALUES ${back.join(', ')}) AS h(back)` }];
  }

  #groups(): Part {
    const { window, keys, atoms } = this.#plan;
    const names = keys.map((_, i) => `k${i}`);
    const columns: string[] = [];
    if (window?.kind === 'hop') columns.push('ws', `ws + ${window.sizeUs} AS we`);
    if (window?.kind === 'session') columns.push('MIN(t) AS ws', `MAX(t) + ${window.gapUs} AS we`);
    columns.push(...names, ...atoms.map((atom, i) => `${this.#atom(atom, i)} AS a${i}`));
    if (columns.length === 0) columns.push('COUNT(*) AS a');
    const by = [...(window === null ? [] : [window.kind === 'hop' ? 'ws' : 'n']), ...names];
    // Without groups, SQL has a row of no rows.
    const end = by.length === 0 ? 'HAVING COUNT(*) > 0' : `GROUP BY ${by.join(', ')}`;
    const from = window === null ? 'r' : 'w';
    return { name: 'g', sql: `SELECT ${columns.join(',\n    ')}\n  FROM ${from} ${end}` };
  }

  #atom(atom: Atom, i: number): string {
    const d = this.#d;
    if (atom.kind === 'count') return d.toWide('COUNT(*)');
    if (atom.kind === 'bin') return d.toWide(`SUM(b${i})`);
    const field = { value: 'v', time: 't', quality: 'q' }[atom.of];
    const wide = d.toWide(field);
    const long = `CAST(${field} AS BIGINT)`;
    const billion = '1000000000';
    const [high, low] = [d.toWide(d.quotient(long, billion)), d.toWide(d.remainder(long, billion))];
    const packed = `(${d.toWide('t')} + ${d.wide(TIME_OFFSET)}) * ${d.wide(TIME_FACTOR)} + ${wide} + ${d.wide(VALUE_OFFSET)}`;
    const unpacked = (pack: string) => `${d.remainder(pack, d.wide(TIME_FACTOR))} - ${d.wide(VALUE_OFFSET)}`;
    switch (atom.kind) {
      case 'sum':
        return d.toWide(`SUM(${wide})`);
      case 'min':
        return d.toWide(`MIN(${field})`);
      case 'max':
        return d.toWide(`MAX(${field})`);
      case 'first':
        return d.toWide(unpacked(`MIN(${packed})`));
      case 'last':
        return d.toWide(unpacked(`MAX(${packed})`));
      case 'highHigh':
        return d.toWide(`SUM(${high} * ${high})`);
      case 'highLow':
        return d.toWide(`SUM(${high} * ${low})`);
      case 'lowLow':
        return d.toWide(`SUM(${low} * ${low})`);
    }
  }

  /** One table for each level, so that no expression is written out twice as long at each level. */
  #steps(): Part[] {
    const { steps } = this.#plan;
    const levels = Math.max(0, ...steps.map(({ level }) => level));
    return Array.from({ length: levels }, (_, i) => {
      const before = i === 0 ? 'g' : `x${i}`;
      const columns = steps.flatMap((step, n) => (step.level === i + 1 ? [`${this.#step(step)} AS y${n}`] : []));
      return { name: `x${i + 1}`, sql: `SELECT ${before}.*,\n    ${columns.join(',\n    ')}\n  FROM ${before}` };
    });
  }

  #step(step: Step): string {
    const d = this.#d;
    const a = this.#operand(step.a);
    if (step.op === 'absolute') return absolute(a);
    const b = this.#operand(step.b);
    return step.op === 'divide' ? nearestQuotient(d, a, b) : d[step.op](a, b);
  }

  #operand(operand: Operand): string {
    if ('constant' in operand) return this.#d.wide(operand.constant);
    return 'atom' in operand ? `a${operand.atom}` : `y${operand.step}`;
  }

  #answer(from: string): string {
    const d = this.#d;
    const { columns, having, order, limit } = this.#plan;
    // Names of the question may be equal to those in here, so these are qualified.
    const operand = (one: Operand) => ('constant' in one ? d.wide(one.constant) : `z.${this.#operand(one)}`);
    const source = ({ source }: Plan['columns'][number]): string => {
      if ('window' in source) return `z.${source.window === 'start' ? 'ws' : 'we'}`;
      return 'key' in source ? `z.k${source.key}` : operand(source);
    };
    const named = columns.map((column) => `${source(column)} AS ${d.name(column.name)}`);
    const conditions = having.map(({ left, op, right }) => {
      return `${operand(left)} ${op === '!=' ? '<>' : op} ${operand(right)}`;
    });
    const sorts = order.flatMap(({ column, descending }) => {
      const { type, source: of } = columns[column]!;
      if ('constant' in of) return [];
      const expression = source(columns[column]!);
      return `${type === 'text' ? d.sortable(expression) : expression} ${descending ? 'DESC' : 'ASC'} NULLS LAST`;
    });
    return [
      `SELECT ${named.join(',\n  ')}`,
      `FROM ${from} AS z`,
      ...(conditions.length === 0 ? [] : [`WHERE ${conditions.join(' AND ')}`]),
      ...(sorts.length === 0 ? [] : [`ORDER BY ${sorts.join(', ')}`]),
      ...(limit === null ? [] : [`LIMIT ${limit}`]),
    ].join('\n');
  }
}

interface SeriesColumns {
  readonly min: SeriesColumn;
  readonly max: SeriesColumn;
  readonly multiply: SeriesColumn;
  readonly divide: SeriesColumn;
  readonly not: readonly SeriesColumn[];
  readonly edges: readonly (readonly SeriesColumn[])[];
}

type SeriesColumn =
  | { readonly alias: string; readonly constant: bigint | null; readonly sql?: undefined }
  | { readonly alias: string; readonly sql: string; readonly constant?: undefined };

function reference(column: SeriesColumn, integer: (n: bigint | null) => string = String): string {
  return column.sql === undefined ? integer(column.constant) : `s.${column.alias}`;
}
