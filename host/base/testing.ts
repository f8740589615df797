/**
 * For tests: repeatable random numbers, and processes that can be killed, which run the product's own code after it
 * was compiled.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { packagePath } from './paths.ts';

export interface Child {
  pid: number;
  /** The first line that it printed. */
  firstLine: string;
  /** Ends it as `kill -9` does, and resolves when it has ended. */
  kill(): Promise<void>;
}

/** A TypeScript file and all its imports, compiled to JavaScript in a folder of its own. */
export class Compiled {
  readonly #folder: string;
  readonly #file: string;
  readonly #processes = new Set<ChildProcess>();

  private constructor(folder: string, file: string) {
    this.#folder = folder;
    this.#file = file;
  }

  /** `file` is relative to the package, with `/`. */
  static async of(file: string): Promise<Compiled> {
    // Inside the package, where dependencies are found.
    mkdirSync(packagePath('build'), { recursive: true });
    const folder = mkdtempSync(packagePath('build', 'child-'));
    const options = '--ignoreConfig --noCheck --skipLibCheck --rewriteRelativeImportExtensions --types node';
    const modules = '--target es2023 --module nodenext --moduleResolution nodenext';
    const places = ['--rootDir', packagePath(), '--outDir', folder];
    const tsc = packagePath('node_modules', 'typescript', 'bin', 'tsc');
    const args = [tsc, ...`${options} ${modules}`.split(' '), ...places, packagePath(...file.split('/'))];
    await promisify(execFile)(process.execPath, args);
    return new Compiled(folder, join(folder, file.replace(/\.ts$/, '.js')));
  }

  /**
   * Starts a process that runs `code` and then stays alive. The code can use all exports of the file and `print(text)`.
   * Resolves when the first line is printed; rejects with the output on stderr if the process ends before.
   */
  run(code: string): Promise<Child> {
    const names = `import * as all from ${JSON.stringify(pathToFileURL(this.#file).href)};`;
    const print = `const print = (text) => process.stdout.write(text + '\\n');`;
    return this.#start(`${names} Object.assign(globalThis, all); ${print} setInterval(() => {}, 1 << 30); ${code}`);
  }

  #start(code: string): Promise<Child> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', code]);
    this.#processes.add(child);
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    return new Promise((resolve, reject) => {
      let out = '';
      let errors = '';
      child.stderr.on('data', (data) => {
        errors += data;
      });
      child.stdout.on('data', (data) => {
        out += data;
        const end = out.indexOf('\n');
        if (end < 0) return;
        resolve({
          pid: child.pid!,
          firstLine: out.slice(0, end),
          async kill() {
            child.kill('SIGKILL');
            await ended;
          },
        });
      });
      void ended.then(() => reject(new Error(`The process ended before it printed a line: ${errors}`)));
    });
  }

  /** Ends all its running processes and deletes the folder. */
  delete(): void {
    for (const process of this.#processes) process.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Repeatable random integers x, 0 <= x < below, by xorshift32 (G. Marsaglia, 2003). The seed must not be 0. */
export function randomBelow(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}
