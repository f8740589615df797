/** The call graph of a module before optimization, while each function of the source still exists. */

export interface Calls {
  /** Names of all functions, each with those that it calls. */
  callees: Map<string, Set<string>>;
  /** Imported functions as `module.name`, by their internal name. */
  imports: Map<string, string>;
  /** Functions that calculate with floats themselves. */
  floats: Set<string>;
}

/** Functions outside libraries that call into one from which a call can lead to a target; each with what it calls. */
export function culprits({ callees }: Calls, isTarget: (name: string) => boolean): [name: string, through: string][] {
  const found = new Set([...callees.values()].flatMap((names) => [...names]).filter(isTarget));
  for (const name of callees.keys()) if (isTarget(name)) found.add(name);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [name, names] of callees) if ([...names].some((callee) => found.has(callee))) found.add(name);
  }
  return [...callees].flatMap(([name, names]): [string, string][] => {
    const through = [...names].find((callee) => found.has(callee) && (callee.startsWith('~') || isTarget(callee)));
    return name.startsWith('~') || through === undefined ? [] : [[name, through]];
  });
}

/** Whether any function is or can reach a target. */
export function isReached({ callees }: Calls, isTarget: (name: string) => boolean): boolean {
  return [...callees].some(([name, names]) => isTarget(name) || [...names].some(isTarget));
}
