/**
 * The components of the C code, from `boards/components.json`. `scripts/check-imports.mjs` checks the includes against that table. Every
 * build of C code (images, tests, scripts) gets its list of sources from here.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MoteError, packagePath, type ThirdParty } from '../../base/index.ts';

interface Component {
  /** Components whose headers this one may include. */
  uses: string[];
  /** Third-party C libraries that it is compiled with. */
  libraries?: ThirdParty[];
  /** A board's `board.json` chooses its source files. */
  perBoard?: boolean;
}

function readComponents(): Map<string, Component> {
  const data = JSON.parse(readFileSync(packagePath('boards', 'components.json'), 'utf8')) as Record<string, Component>;
  return new Map(Object.entries(data));
}

/** Returns the given components and all below them. Throws `BOARD_BUILD` for a name that is not in the table. */
function withDependencies(names: readonly string[]): Map<string, Component> {
  const table = readComponents();
  const found = new Map<string, Component>();
  const add = (name: string) => {
    const component = table.get(name);
    if (component === undefined)
      throw new MoteError('BOARD_BUILD', `There is no component ${name} in boards/components.json.`);
    if (found.has(name)) return;
    found.set(name, component);
    component.uses.forEach(add);
  };
  names.forEach(add);
  return found;
}

/**
 * Returns the source files of the given components and of all below them, without those that a board chooses. Compile them with `-I` and
 * `packagePath('boards')`.
 */
export function componentSources(names: readonly string[]): string[] {
  return [...withDependencies(names)]
    .filter(([, { perBoard }]) => !perBoard)
    .flatMap(([name]) => sourcesIn(packagePath('boards', name)));
}

/** Returns the libraries that the given components and those below them need. Their own files include the library's sources. */
export function componentLibraries(names: readonly string[]): ThirdParty[] {
  return [...new Set([...withDependencies(names).values()].flatMap(({ libraries = [] }) => libraries))];
}

/** Returns the C and assembler files of one folder, in alphabetical order. */
export function sourcesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => /\.[cS]$/.test(file))
    .sort()
    .map((file) => join(folder, file));
}
