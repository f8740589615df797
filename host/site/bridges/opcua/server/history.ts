/**
 * History of a variable from the store (OPC 10000-11, 6.5.3 and 6.5.4): raw values in pages, and aggregates of intervals. A
 * continuation point is the time of the last value, so that pages cost the server no memory between requests.
 */
import type { HistoryReadResult, NodeId, ReadProcessedDetails, ReadRawModifiedDetails } from 'node-opcua-client';
import { MoteError } from '../../../../base/index.ts';
import type { Row, SiteStore } from '../../../store/index.ts';
import type { Library } from './types.ts';
import { dataValueOf, numberOf, type StoredValue } from './values.ts';

/** Values of one page, and intervals of one request. */
export const MAX_PAGE = 10_000;
/** Before 1970 the store has nothing; OPC UA has no later time than the end of 9999. */
const MIN_US = 0;
const MAX_US = Date.UTC(9999, 11, 31) * 1000;

export interface HistoryOf {
  readonly device: string;
  readonly name: string;
  readonly unit: string;
}

interface Range {
  readonly fromUs: number;
  readonly toUs: number;
  readonly backwards: boolean;
}

export interface Continuation {
  readonly continuationPoint?: Buffer | null;
  readonly releaseContinuationPoints?: boolean;
}

export class History {
  readonly #store: SiteStore;
  readonly #library: Library;

  constructor(store: SiteStore, library: Library) {
    this.#store = store;
    this.#library = library;
  }

  /** The answer for one variable. Never throws: what goes wrong is a status of this variable alone. */
  async read(of: HistoryOf, details: unknown, continuation: Continuation): Promise<HistoryReadResult> {
    const { HistoryReadResult, ReadRawModifiedDetails, ReadProcessedDetails, StatusCodes } = this.#library;
    try {
      if (details instanceof ReadRawModifiedDetails && !details.isReadModified)
        return await this.#raw(of, details, continuation);
      if (details instanceof ReadProcessedDetails) return await this.#processed(of, details);
      return new HistoryReadResult({ statusCode: StatusCodes.BadHistoryOperationUnsupported });
    } catch (error) {
      if (!(error instanceof MoteError)) throw error;
      return new HistoryReadResult({ statusCode: StatusCodes.BadUnexpectedError });
    }
  }

  async #raw(of: HistoryOf, details: ReadRawModifiedDetails, continuation: Continuation): Promise<HistoryReadResult> {
    const { HistoryReadResult, HistoryData, StatusCodes } = this.#library;
    if (continuation.releaseContinuationPoints) return new HistoryReadResult({ statusCode: StatusCodes.Good });
    const { numValuesPerNode: wanted, returnBounds } = details;
    const range = rangeOf(details.startTime, details.endTime, wanted);
    if (range === null) return new HistoryReadResult({ statusCode: StatusCodes.BadHistoryOperationInvalid });
    const last = readPoint(continuation.continuationPoint);
    if (last === undefined) return new HistoryReadResult({ statusCode: StatusCodes.BadContinuationPointInvalid });
    const limit = wanted === 0 ? MAX_PAGE : Math.min(wanted, MAX_PAGE);
    const series = await this.#series(of);
    const values: ReturnType<typeof dataValueOf>[] = [];
    const isFirst = last === null;
    if (isFirst && returnBounds) values.push(await this.#bound(series, range, 'start'));
    const room = limit - values.length;
    // One more shows whether there are more.
    const found = room === 0 ? [] : await this.#values(series, range, last, room + 1);
    const page = found.slice(0, room);
    values.push(...page.map((value) => dataValueOf(value, this.#library)));
    const more = found.length > page.length;
    // A client that asks for a number of values of an open range gets that number.
    const isOpen = !isSet(details.startTime) || !isSet(details.endTime);
    const complete = isOpen && wanted > 0 && wanted <= MAX_PAGE;
    if (!more && returnBounds && room > page.length && !isOpen) values.push(await this.#bound(series, range, 'end'));
    const isEmpty = values.length === 0 && isFirst;
    return new HistoryReadResult({
      statusCode: isEmpty ? StatusCodes.GoodNoData : StatusCodes.Good,
      historyData: new HistoryData({ dataValues: values }),
      ...(more && !complete && { continuationPoint: Buffer.from(`t${page.at(-1)?.timeUs ?? ''}`) }),
    });
  }

  /** Series with these names and this unit, whose exponents may differ. */
  async #series({ device, name, unit }: HistoryOf): Promise<ReadonlyMap<number, number>> {
    const text = 'SELECT id, exponent FROM series WHERE device = $1 AND name = $2 AND unit = $3';
    const rows = await this.#store.telemetry.query(text, [device, name, unit]);
    return new Map(rows.map(({ id, exponent }) => [Number(id), Number(exponent)]));
  }

  /** The values in their order, of several of one time the one that came last. */
  async #values(
    series: ReadonlyMap<number, number>,
    { fromUs, toUs, backwards }: Range,
    last: number | null,
    count: number,
  ): Promise<StoredValue[]> {
    if (series.size === 0) return [];
    const [from, to] = backwards
      ? [fromUs, last === null ? toUs : last - 1]
      : [last === null ? fromUs : last + 1, toUs];
    const found: StoredValue[] = [];
    let [low, high] = [from, to];
    // Repeated times take rows of which nothing comes, so one query may bring too few.
    while (found.length < count && low <= high) {
      const order = backwards ? 'DESC' : 'ASC';
      const text = `SELECT series, t, value, quality FROM points WHERE series IN (${[...series.keys()].join(', ')})
        AND t >= $1 AND t <= $2 ORDER BY t ${order}, message DESC LIMIT $3`;
      const rows = await this.#store.telemetry.query(text, [low, high, count + 1]);
      for (const row of rows) {
        const value = storedValue(row, series);
        if (found.at(-1)?.timeUs !== value.timeUs) found.push(value);
      }
      if (rows.length <= count) break;
      const end = found.at(-1)!.timeUs;
      if (backwards) high = end - 1;
      else low = end + 1;
    }
    return found.slice(0, count);
  }

  /** The value at the bound, or the nearest one outside of the range; without one, the time with its own status. */
  async #bound(series: ReadonlyMap<number, number>, { fromUs, toUs, backwards }: Range, which: 'start' | 'end') {
    const { DataValue, StatusCodes } = this.#library;
    const atStart = (which === 'start') !== backwards;
    const range = atStart
      ? { fromUs: MIN_US, toUs: fromUs - 1, backwards: true }
      : { fromUs: toUs + 1, toUs: MAX_US, backwards: false };
    const [exact] = await this.#values(
      series,
      { fromUs: atStart ? fromUs : toUs, toUs: atStart ? fromUs : toUs, backwards },
      null,
      1,
    );
    const [value] = exact === undefined ? await this.#values(series, range, null, 1) : [undefined];
    if (value !== undefined) return dataValueOf(value, this.#library);
    return new DataValue({
      statusCode: StatusCodes.BadBoundNotFound,
      sourceTimestamp: new Date((atStart ? fromUs : toUs) / 1000),
    });
  }

  async #processed(of: HistoryOf, details: ReadProcessedDetails): Promise<HistoryReadResult> {
    const { HistoryReadResult, HistoryData, StatusCodes, DataValue, DataType } = this.#library;
    const range = rangeOf(details.startTime, details.endTime, 0);
    const aggregate = this.#aggregate(details.aggregateType?.[0]);
    if (aggregate === undefined) return new HistoryReadResult({ statusCode: StatusCodes.BadAggregateNotSupported });
    const spanUs = range === null ? 0 : range.toUs - range.fromUs;
    const stepUs = details.processingInterval === 0 ? spanUs : Math.round(details.processingInterval * 1000);
    if (range === null || range.backwards || !(stepUs > 0) || spanUs <= 0)
      return new HistoryReadResult({ statusCode: StatusCodes.BadHistoryOperationInvalid });
    const count = Math.ceil(spanUs / stepUs);
    if (count > MAX_PAGE) return new HistoryReadResult({ statusCode: StatusCodes.BadTooManyOperations });
    const intervals = await this.#intervals(await this.#series(of), range, stepUs);
    const dataValues = Array.from({ length: count }, (_, i) => {
      const value = aggregate(intervals.get(i));
      return new DataValue({
        ...(value !== undefined && { value: { dataType: DataType.Double, value } }),
        statusCode: value === undefined ? StatusCodes.GoodNoData : StatusCodes.Good,
        sourceTimestamp: new Date((range.fromUs + i * stepUs) / 1000),
      });
    });
    return new HistoryReadResult({ statusCode: StatusCodes.Good, historyData: new HistoryData({ dataValues }) });
  }

  #aggregate(type: NodeId | undefined): ((one: Interval | undefined) => number | undefined) | undefined {
    const { AggregateFunction } = this.#library;
    switch (type?.namespace === 0 ? type.value : undefined) {
      case AggregateFunction.Average:
        return (one) => (one === undefined ? undefined : one.sum / one.count);
      case AggregateFunction.Minimum:
        return (one) => one?.min;
      case AggregateFunction.Maximum:
        return (one) => one?.max;
      case AggregateFunction.Count:
        return (one) => one?.count ?? 0;
      default:
        return undefined;
    }
  }

  /** Good values of each interval, which has its begin and not its end. */
  async #intervals(series: ReadonlyMap<number, number>, { fromUs, toUs }: Range, stepUs: number) {
    const intervals = new Map<number, Interval>();
    if (series.size === 0) return intervals;
    const text = `SELECT series, (t - $1) - (t - $1) % $2 AS begin_us, count(*) AS n, min(value) AS low,
      max(value) AS high, CAST(sum(value) AS DOUBLE PRECISION) AS total FROM points
      WHERE series IN (${[...series.keys()].join(', ')}) AND t >= $1 AND t < $3 AND quality = 0 GROUP BY 1, 2`;
    for (const row of await this.#store.telemetry.query(text, [fromUs, stepUs, toUs])) {
      const exponent = series.get(Number(row.series))!;
      const one = {
        count: Number(row.n),
        min: numberOf(row.low as bigint, exponent),
        max: numberOf(row.high as bigint, exponent),
        sum: Number(row.total) * 10 ** exponent,
      };
      const i = Number(row.begin_us) / stepUs;
      const had = intervals.get(i);
      intervals.set(i, had === undefined ? one : merged(had, one));
    }
    return intervals;
  }
}

interface Interval {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
}

const merged = (a: Interval, b: Interval): Interval => ({
  count: a.count + b.count,
  min: Math.min(a.min, b.min),
  max: Math.max(a.max, b.max),
  sum: a.sum + b.sum,
});

const storedValue = (row: Row, series: ReadonlyMap<number, number>): StoredValue => ({
  timeUs: Number(row.t),
  value: numberOf(row.value as bigint, series.get(Number(row.series))!),
  quality: Number(row.quality),
});

/** A time that isn't given is the least one, 1601. */
const isSet = (time: Date | null | undefined): time is Date =>
  time !== null && time !== undefined && time.getTime() > Date.UTC(1602, 0);

/** Null: fewer than two of begin, end and number are given. */
function rangeOf(start: Date | null, end: Date | null, wanted: number): Range | null {
  const us = (time: Date) => Math.min(MAX_US, Math.max(MIN_US, time.getTime() * 1000));
  if (isSet(start) && isSet(end)) {
    const backwards = end.getTime() < start.getTime();
    return backwards
      ? { fromUs: us(end), toUs: us(start), backwards }
      : { fromUs: us(start), toUs: us(end), backwards };
  }
  if (wanted === 0) return null;
  if (isSet(start)) return { fromUs: us(start), toUs: MAX_US, backwards: false };
  return isSet(end) ? { fromUs: MIN_US, toUs: us(end), backwards: true } : null;
}

/** Null: there is none; undefined: it isn't one of this server. */
function readPoint(point: Buffer | null | undefined): number | null | undefined {
  if (point === null || point === undefined || point.length === 0) return null;
  const found = /^t(\d{1,16})$/.exec(point.subarray(0, 32).toString('latin1'));
  const timeUs = Number(found?.[1]);
  return found !== null && Number.isSafeInteger(timeUs) ? timeUs : undefined;
}
