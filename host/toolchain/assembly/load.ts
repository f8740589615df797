/**
 * The AssemblyScript compiler and Binaryen are optional dependencies: an installation that only runs nodes or a gateway
 * works without them.
 */
import { readFileSync } from 'node:fs';
import { MoteError, packagePath } from '../../base/index.ts';

type Compiler = typeof import('./compiler.ts');

/** Loads the compiler at its first use. Throws `COMPILER_MISSING` where a package is not installed. */
export async function loadCompiler(): Promise<Compiler> {
  try {
    return await import('./compiler.ts');
  } catch (cause) {
    const missing = missingPackage(cause);
    if (missing === null) throw cause;
    const what = `Building apps and models needs the package ${missing}, which is not installed.`;
    throw new MoteError('COMPILER_MISSING', `${what} Run npm install ${packages().join(' ')}.`, { cause });
  }
}

function missingPackage(error: unknown): string | null {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_MODULE_NOT_FOUND') return null;
  return /^Cannot find package '(assemblyscript|binaryen)'/.exec(message)?.[1] ?? null;
}

/** Names with the versions that this moteware works with. */
function packages(): string[] {
  const { optionalDependencies } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as {
    optionalDependencies: Record<string, string>;
  };
  return ['assemblyscript', 'binaryen'].map((name) => `${name}@${optionalDependencies[name]}`);
}
