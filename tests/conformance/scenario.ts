/** One row of the table: a node that is set up in some way, and what happens to it. */
import { type Call, script } from './probe.ts';
import type { Setup, World } from './world.ts';

export interface Scenario {
  name: string;
  setup: Setup;
  run(world: World): Promise<void>;
  /** RAM of a board that can run it. */
  ramBytes?: number;
  /** What the trace of the reference must have, so that the row tests what it says. */
  shows?: string[];
  /** The node's metrics of itself are in it: not all bytes are the same. */
  vitals?: boolean;
  /** All telemetry is of probes that publish the name of their metric: the birth before each frame must give it this name. */
  named?: boolean;
}

/** Calls of `init`, then scripts of the command `run`, one every 100 ms. */
export function calls(name: string, init: Call[], commands: Call[][] = [], setup: Setup = {}): Scenario {
  return {
    name,
    setup: { ...setup, kv: { ...setup.kv, init: script(...init) } },
    async run(world) {
      await world.start();
      await world.run(100);
      for (const [i, command] of commands.entries()) {
        world.command(i + 1, script(...command));
        await world.run(100);
      }
      await world.run(500);
    },
  };
}

/** Scripts, each of which ends the module, which is started again a second later. */
export function faults(name: string, commands: Call[][], setup: Setup = {}): Scenario {
  return {
    name,
    setup,
    async run(world) {
      await world.start();
      await world.run(100);
      for (const [i, command] of commands.entries()) {
        world.command(i + 1, script(...command));
        await world.run(1500);
      }
    },
  };
}

export const utf8 = (...bytes: number[]) => Uint8Array.from(bytes);
export const long = (count: number, character = 'x') => character.repeat(count);
