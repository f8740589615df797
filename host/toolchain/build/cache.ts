/**
 * Compiled modules by the content of all that they were made of: an equal build takes no compile. An entry lists the
 * files that the compiler asked for, also those that it didn't find, with their digests, as `ccache` does.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { Block } from '../assembly/index.ts';
import type { DebugInfo } from '../debug/index.ts';

/** The part of a build that takes seconds. */
export interface CompiledModule {
  wasm: Uint8Array;
  rom: Uint8Array;
  models: { name: string; digest: string; macs: number }[];
  warnings: string[];
  /** The blocks of memory of a module with red zones. */
  blocks?: Block[] | null;
  /** Null for a guarded module, which gets its checks afterwards. */
  debug: DebugInfo | null;
  /** Files of `generated/` by name. */
  files: Map<string, string>;
}

/** Digest of each input by name; null for a file that doesn't exist. */
export type Inputs = Map<string, string | null>;

interface Entry {
  /** Digest of the compiler and of what it was told besides files. */
  key: string;
  /** The settings' defaults, which are in the module. */
  config: Record<string, number>;
  inputs: Inputs;
  module: CompiledModule;
}

export interface CacheQuery {
  key: string;
  config: Record<string, number>;
  /** Also finds a module with other defaults of the settings. */
  anyDefaults: boolean;
  /** The content of an input now. */
  read(name: string): Uint8Array | string | null;
}

/** Modules to keep; the one that was used longest ago goes first. */
const KEPT = 8;

export const digestOf = (content: Uint8Array | string | null): string | null =>
  content === null ? null : createHash('sha256').update(content).digest('hex');

export class ModuleCache {
  readonly #folder: string;

  /** The folder need not exist. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  find({ key, config, anyDefaults, read }: CacheQuery): CompiledModule | null {
    const digests = new Map<string, string | null>();
    const now = (name: string) => {
      const known = digests.get(name);
      if (known !== undefined) return known;
      const digest = digestOf(read(name));
      digests.set(name, digest);
      return digest;
    };
    let other: CompiledModule | null = null;
    for (const path of this.#newestFirst()) {
      const entry = readEntry(path);
      if (entry?.key !== key || ![...entry.inputs].every(([name, digest]) => now(name) === digest)) continue;
      if (sameConfig(entry.config, config)) {
        touch(path);
        return entry.module;
      }
      other ??= entry.module;
    }
    return anyDefaults ? other : null;
  }

  /** Keeps a module. Does nothing where the folder can't be written: a build must not fail for that. */
  keep(entry: Entry): void {
    const { key, config, inputs } = entry;
    const name = digestOf(JSON.stringify([key, Object.entries(config), [...inputs]]));
    const path = join(this.#folder, `${name}.module`);
    const draft = `${path}.${process.pid}`;
    try {
      mkdirSync(this.#folder, { recursive: true });
      writeFileSync(draft, serialize(entry));
      renameSync(draft, path);
      for (const old of this.#newestFirst().slice(KEPT)) rmSync(old, { force: true });
    } catch {
      if (existsSync(draft)) rmSync(draft);
    }
  }

  #newestFirst(): string[] {
    const names = list(this.#folder).filter((name) => name.endsWith('.module'));
    const dated = names.flatMap((name) => {
      const path = join(this.#folder, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? [] : [{ path, mtimeMs: stat.mtimeMs }];
    });
    return dated.sort((a, b) => b.mtimeMs - a.mtimeMs).map(({ path }) => path);
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Null for a file that another version has written, or that was cut off: then the build runs. */
function readEntry(path: string): Entry | null {
  try {
    return deserialize(readFileSync(path)) as Entry;
  } catch {
    return null;
  }
}

function touch(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // Another build has dropped it, or the folder is read-only.
  }
}

function sameConfig(a: Record<string, number>, b: Record<string, number>): boolean {
  return JSON.stringify(Object.entries(a)) === JSON.stringify(Object.entries(b));
}
