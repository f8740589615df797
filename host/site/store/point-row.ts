/** Rows of `points` with the columns of their series. */
import type { PointRun } from '../model/index.ts';
import type { Row } from './sql.ts';

/** A row with device, name, unit, exponent, quality, t and value, as a run of one point. */
export function runOf(row: Row): PointRun {
  return {
    device: String(row.device),
    name: String(row.name),
    unit: String(row.unit),
    exponent: Number(row.exponent),
    quality: Number(row.quality),
    timesUs: [Number(row.t)],
    values: [row.value as bigint],
  };
}
