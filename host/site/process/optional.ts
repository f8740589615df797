/** Packages of the site's process: loaded when they are used. */
import { MoteError } from '../../base/index.ts';

/** Throws `STORE_PACKAGE` with the command that installs it. */
export async function optional<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new MoteError(
      'STORE_PACKAGE',
      `A site needs the package ${name}, which isn't installed here; run npm install ${name}.`,
      { cause },
    );
  }
}
