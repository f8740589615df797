/** Which requests read the registers of a connection: neighbours share one, within the limits of the protocol. */
import type { ModbusConnectionConfig, PolledRegister } from '../../config/index.ts';
import { modbusCount, modbusPlace } from '../../decode/index.ts';
import type { Table } from './connect.ts';

/** What a message has of one place: registers of one address and count. */
export interface Place {
  /** Its name in messages. */
  readonly name: string;
  readonly address: number;
  readonly count: number;
  readonly registers: readonly PolledRegister[];
}

export interface Poll {
  readonly unitId: number;
  readonly table: Table;
  readonly pollMs: number;
  readonly address: number;
  readonly count: number;
  /** By address. */
  readonly places: readonly Place[];
}

/** Bits of a request (Modbus Application Protocol 1.1b3, section 6.1); of registers it is 125. */
const MAX_BITS = 2000;

export function planPolls({
  registers,
  maxRegisters,
  maxGap,
}: Pick<ModbusConnectionConfig, 'registers' | 'maxRegisters' | 'maxGap'>): Poll[] {
  const groups = new Map<string, Map<string, PolledRegister[]>>();
  for (const polled of registers) {
    const { unitId, table } = polled.register;
    const group = `${unitId} ${table} ${polled.pollMs}`;
    const places = groups.get(group) ?? new Map<string, PolledRegister[]>();
    groups.set(group, places);
    const name = modbusPlace(polled.register);
    places.set(name, [...(places.get(name) ?? []), polled]);
  }
  return [...groups.values()].flatMap((group) => {
    const places = [...group].map(([name, same]): Place => {
      const { register } = same[0]!;
      return { name, address: register.address, count: modbusCount(register), registers: same };
    });
    places.sort((a, b) => a.address - b.address || a.count - b.count);
    const { register, pollMs } = places[0]!.registers[0]!;
    const ofBits = register.table === 'coil' || register.table === 'discrete';
    const most = ofBits ? Math.min(MAX_BITS, 16 * maxRegisters) : maxRegisters;
    return merged(places, most, maxGap).map((part) => pollOf({ ...register, pollMs }, part));
  });
}

/** Neighbours together: at most `most` registers from the first to the last, and at most `maxGap` between two. */
function merged(places: readonly Place[], most: number, maxGap: number): Place[][] {
  const parts: Place[][] = [];
  let [from, end] = [0, -1];
  for (const place of places) {
    const after = place.address + place.count;
    if (end >= 0 && place.address - end <= maxGap && Math.max(end, after) - from <= most) parts.at(-1)!.push(place);
    else {
      parts.push([place]);
      [from, end] = [place.address, 0];
    }
    end = Math.max(end, after);
  }
  return parts;
}

function pollOf({ unitId, table, pollMs }: Pick<Poll, 'unitId' | 'table' | 'pollMs'>, places: readonly Place[]): Poll {
  const { address } = places[0]!;
  const count = Math.max(...places.map((place) => place.address + place.count)) - address;
  return { unitId, table, pollMs, address, count, places };
}

/**
 * The requests in place of one that a device refuses: first without the registers that nobody wants, then each place by
 * itself. Null if it can't be split.
 */
export function splitPoll(poll: Poll): Poll[] | null {
  if (poll.places.length === 1) return null;
  const parts = merged(poll.places, poll.count, 0);
  const smaller = parts.length > 1 ? parts : poll.places.map((place) => [place]);
  return smaller.map((places) => pollOf(poll, places));
}
