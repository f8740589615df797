/** For tests of what other processes may do: the product's own code in a process that can be killed. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { packagePath } from './paths.ts';

export interface Child {
  pid: number;
  /** What it said first. */
  said: string;
  /** Ends it as `kill -9` does, and resolves when it has ended. */
  kill(): Promise<void>;
}

/** A TypeScript file as JavaScript, with all that it imports, in a folder of its own. */
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
    // Inside of the package, where dependencies are found.
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
   * Starts a process that runs `code`, which has all exports of the file and `say(text)`, and then stays. Resolves when it said its
   * first line, rejects with its complaints when it ended before.
   */
  run(code: string): Promise<Child> {
    const names = `import * as all from ${JSON.stringify(pathToFileURL(this.#file).href)};`;
    const say = `const say = (text) => process.stdout.write(text + '\\n');`;
    return this.#start(`${names} Object.assign(globalThis, all); ${say} setInterval(() => {}, 1 << 30); ${code}`);
  }

  #start(code: string): Promise<Child> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', code]);
    this.#processes.add(child);
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    return new Promise((resolve, reject) => {
      let out = '';
      let complaints = '';
      child.stderr.on('data', (data) => {
        complaints += data;
      });
      child.stdout.on('data', (data) => {
        out += data;
        const end = out.indexOf('\n');
        if (end < 0) return;
        resolve({
          pid: child.pid!,
          said: out.slice(0, end),
          async kill() {
            child.kill('SIGKILL');
            await ended;
          },
        });
      });
      void ended.then(() => reject(new Error(`The process ended without a word: ${complaints}`)));
    });
  }

  /** Ends all its processes that still run, too. */
  delete(): void {
    for (const process of this.#processes) process.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
