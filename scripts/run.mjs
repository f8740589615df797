// Common functions of the project's scripts: timed steps, and child processes with captured output.
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
export const bold = (text) => paint(1, text);
export const dim = (text) => paint(2, text);
export const green = (text) => paint(32, text);
export const red = (text) => paint(31, text);
export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/**
 * Runs a program and collects its output.
 * @returns {Promise<{code: number, output: string, ms: number}>}
 */
export function run(command, args, { env = {}, cwd = root } = {}) {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const take = (chunk) => {
      output += chunk;
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) =>
      resolve({ code: 127, output: `${output}${error.message}\n`, ms: performance.now() - started }),
    );
    child.on('close', (code, signal) => {
      if (signal) output += `ended by ${signal}\n`;
      resolve({ code: code ?? 1, output, ms: performance.now() - started });
    });
  });
}

/** Runs one named step and prints its name and time. If it fails, prints its output and ends the process. */
export async function step(name, command, args, options) {
  process.stdout.write(`${dim('·')} ${name} ... `);
  const result = await run(command, args, options);
  if (result.code !== 0) {
    console.log(red('failed'));
    console.error(result.output);
    console.error(`${name} failed: ${command} ${args.join(' ')}`);
    process.exit(1);
  }
  console.log(`${green('done')} ${dim(seconds(result.ms))}`);
  return result;
}
