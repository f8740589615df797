/** Compares what a run did with what its scenario expects, and reports each difference as a line. */
import { isObject } from '../../base/index.ts';
import type { Expectations, ExpectedEvent, MetricFigures, Scenario } from './scenario.ts';

export interface Seen {
  events: Required<ExpectedEvent>[];
  metrics: Record<string, MetricFigures>;
  /** Code of the module's fault. */
  fault: string | null;
}

/** A line of a difference: `-` was expected, `+` was seen. */
export interface Difference {
  what: string;
  expected?: string;
  seen?: string;
}

/** Seconds. Runs are exact to the microsecond; this allows for times that were written with three decimals. */
const TIME_TOLERANCE = 0.001;

const show = (value: unknown): string => JSON.stringify(value) ?? 'nothing';
const showEvent = ({ t, name, body }: ExpectedEvent): string =>
  [t === undefined ? '' : `${t} s`, name, body === undefined ? '' : show(body)].filter(Boolean).join('  ');

/** The first place at which two values differ, or null. Numbers may differ by the fraction `tolerance`. */
function differs(expected: unknown, seen: unknown, tolerance: number, place: string): Difference | null {
  if (typeof expected === 'number' && typeof seen === 'number') {
    if (Math.abs(expected - seen) <= Math.abs(expected) * tolerance) return null;
  } else if (isObject(expected) && isObject(seen)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(seen)])) {
      const found = differs(expected[key], seen[key], tolerance, `${place}.${key}`);
      if (found !== null) return found;
    }
    return null;
  } else if (Array.isArray(expected) && Array.isArray(seen) && expected.length === seen.length) {
    for (const [i, item] of expected.entries()) {
      const found = differs(item, seen[i], tolerance, `${place}[${i}]`);
      if (found !== null) return found;
    }
    return null;
  } else if (Object.is(expected, seen)) return null;
  return { what: place, expected: show(expected), seen: show(seen) };
}

/** Events in order: pairs those of one name and time, so that one event too many is one difference. */
function eventDifferences(
  expected: ExpectedEvent[],
  seen: Seen['events'],
  { t: near = TIME_TOLERANCE, value = 0 }: NonNullable<Scenario['tolerance']>,
): Difference[] {
  const found: Difference[] = [];
  const [wanted, got] = [[...expected], [...seen]];
  const isAt = (t: number, event: Required<ExpectedEvent>) => Math.abs(t - event.t) <= near + 1e-9;
  while (wanted.length > 0 || got.length > 0) {
    const [next, event] = [wanted[0], got[0]];
    if (next !== undefined && event !== undefined && next.name === event.name) {
      if (next.t === undefined || isAt(next.t, event)) {
        const body = next.body === undefined ? null : differs(next.body, event.body, value, 'body');
        if (body !== null) found.push({ ...body, what: `event ${event.name} at ${event.t} s: ${body.what}` });
        wanted.shift();
        got.shift();
        continue;
      }
    }
    const missing = next !== undefined && (event === undefined || (next.t ?? event.t) <= event.t);
    if (missing) found.push({ what: 'missing event', expected: showEvent(wanted.shift()!) });
    else found.push({ what: 'unexpected event', seen: showEvent(got.shift()!) });
  }
  return found;
}

/** All differences; none: the scenario passes. */
export function compare(expect: Expectations, tolerance: NonNullable<Scenario['tolerance']>, seen: Seen): Difference[] {
  const found: Difference[] = [];
  if ((expect.fault ?? null) !== seen.fault) {
    found.push({ what: 'fault', expected: expect.fault ?? 'none', seen: seen.fault ?? 'none' });
  }
  if (expect.events !== undefined) found.push(...eventDifferences(expect.events, seen.events, tolerance));
  for (const [name, figures] of Object.entries(expect.metrics ?? {})) {
    const of = seen.metrics[name];
    for (const [key, value] of Object.entries(figures)) {
      const is = of?.[key as keyof MetricFigures];
      // A count is exact.
      const one = differs(value, is, key === 'count' ? 0 : (tolerance.value ?? 0), `metric ${name}: ${key}`);
      if (one !== null) found.push(one);
    }
  }
  return found;
}
