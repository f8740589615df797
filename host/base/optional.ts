/** Packages that only sites need: optional dependencies, loaded when they are used. */
import { MoteError } from './error.ts';

/** Throws `STORE_PACKAGE` with the command that installs the package. */
export async function optional<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const what = `A site needs the package ${name}, which isn't installed here`;
    throw new MoteError('STORE_PACKAGE', `${what}; run npm install ${name}. (${(cause as Error).message})`, { cause });
  }
}
