/** One row of the table: a node with its setup, and the sequence of events. */
import { type Call, script } from './probe.ts';
import type { Setup, World } from './world.ts';

export interface Scenario {
  name: string;
  setup: Setup;
  run(world: World): Promise<void>;
  /** Runs only on a board that is a process: an emulated processor takes minutes for hundreds of signatures. */
  processOnly?: boolean;
  /** RAM in bytes that a board needs to run it. */
  ramBytes?: number;
  /** Text that the trace of the reference must contain, so that the row tests what its name states. */
  shows?: string[];
  /** The trace contains vitals, so not all bytes are equal. */
  vitals?: boolean;
  /**
   * All telemetry is of probes that publish the name of their metric: the birth before each frame must have this name.
   */
  named?: boolean;
}

/** Calls in `init`, then scripts in the command `run`, one every 100 ms. */
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

/** Scripts that each end the module, which is restarted a second later. */
export function faults(name: string, commands: Call[][], setup: Setup = {}, shows: string[] = []): Scenario {
  return {
    name,
    setup,
    shows,
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
