/** Values of the store as those of OPC UA. */
import type { DataValue, StatusCode } from 'node-opcua-client';
import { formatDecimal } from '../../../../base/index.ts';
import { COMMON_CODES, UNECE, unitId } from '../units.ts';
import type { Library } from './types.ts';

const CODES = new Map(COMMON_CODES);

/** The nearest float of 64 bits. */
export const numberOf = (value: number | bigint, exponent: number): number =>
  Number(formatDecimal(BigInt(value), exponent));

/** A time as OPC UA has it: milliseconds, and picoseconds since then. */
export function clockOf(us: number): { timestamp: Date; picoseconds: number } {
  const ms = Math.floor(us / 1000);
  return { timestamp: new Date(ms), picoseconds: (us - ms * 1000) * 1_000_000 };
}

/** 0 is good, as the client stores it, 2 bad; what the others mean is up to their sender. */
export function statusOf(quality: number, { StatusCodes }: Library): StatusCode {
  if (quality === 0) return StatusCodes.Good;
  return quality === 2 ? StatusCodes.Bad : StatusCodes.Uncertain;
}

/** The EUInformation of a UCUM code: by its common code if there is one, else by its text. */
export function engineeringUnit(ucum: string) {
  const code = CODES.get(ucum);
  return {
    namespaceUri: code === undefined ? 'http://unitsofmeasure.org' : UNECE,
    unitId: code === undefined ? -1 : unitId(code),
    displayName: { text: ucum },
    description: { text: ucum },
  };
}

export interface StoredValue {
  readonly timeUs: number;
  readonly value: number;
  readonly quality: number;
}

export function dataValueOf({ timeUs, value, quality }: StoredValue, library: Library): DataValue {
  const { DataValue, DataType } = library;
  const { timestamp, picoseconds } = clockOf(timeUs);
  return new DataValue({
    value: { dataType: DataType.Double, value },
    statusCode: statusOf(quality, library),
    sourceTimestamp: timestamp,
    sourcePicoseconds: picoseconds,
    serverTimestamp: timestamp,
    serverPicoseconds: picoseconds,
  });
}
