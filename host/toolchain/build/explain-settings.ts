/** The compiler's messages about settings: they name a generated file, but the setting is missing in mote.json. */

/** As the compiler reports it for `config.NAME()`, and for `import { NAME } from './generated/config'`. */
const MISSING =
  /(Property '(\w+)' does not exist on type '[^']*\bconfig'|Module '[^']*\/config' has no exported member '(\w+)')\./g;

/** Adds to each message about a missing setting what mote.json lacks. */
export function explainSettings(text: string, config: Readonly<Record<string, number>>): string {
  const known = Object.keys(config).join(', ') || 'none';
  return text.replace(MISSING, (_all, message: string, property?: string, member?: string) => {
    const name = property ?? member;
    return `${message}: mote.json has no setting "${name}"; add it as "config": { "${name}": 0 } (it has ${known}).`;
  });
}
