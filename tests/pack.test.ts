/** What is published, as a user has it: packed, installed from the tarball into an empty folder, with no repository around. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packagePath } from '../host/base/index.ts';
import { ndjson, type Outcome, start } from './program.ts';

// `npm run` and `npx` put what they were told into the environment; a test that they run is another matter.
const env = Object.fromEntries(
  Object.keys(process.env).flatMap((name) => (/^npm_/i.test(name) ? [[name, undefined]] : [])),
);
const npm = (args: string[], cwd: string): Promise<Outcome> => start('npm', args, cwd, env).ended;
const online = (await npm(['ping', '--fetch-retries=0', '--fetch-timeout=10000'], tmpdir())).code === 0;
const NEEDS_REGISTRY = 'skipped: needs the npm registry (npm ping must answer)';

describe.skipIf(!online)(`the package${online ? '' : `, ${NEEDS_REGISTRY}`}`, () => {
  let dir: string;
  let lab: string;
  const mote = (args: string[], cwd = lab) =>
    start(process.execPath, [join(lab, 'node_modules', 'moteware', 'dist', 'host', 'cli', 'main.js'), ...args], cwd)
      .ended;
  const installed = (...parts: string[]) => join(lab, 'node_modules', 'moteware', ...parts);

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'moteware-pack-'));
    lab = join(dir, 'lab');
    mkdirSync(lab);
    writeFileSync(
      join(lab, 'package.json'),
      JSON.stringify({ name: 'lab', version: '1.0.0', private: true, type: 'module' }),
    );
    const packed = await npm(['pack', packagePath()], dir);
    expect([packed.code, packed.code === 0 ? '' : packed.stderr]).toEqual([0, '']);
    const tarball = join(dir, readdirSync(dir).find((name) => name.endsWith('.tgz'))!);
    const added = await npm(
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', tarball],
      lab,
    );
    expect([added.code, added.code === 0 ? '' : added.stderr]).toEqual([0, '']);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('has no tests, no sources of the host and nothing that was generated', () => {
    const files = readdirSync(installed(), { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => /\.(test|spec|fuzz)\.|testing\.|\/generated\/|(^|\/)golden/.test(file))).toEqual([]);
    expect(files.filter((file) => /^host\/.*\.ts$/.test(file))).toEqual([]);
    expect(files).toContain('third_party/wasm3/m3_core.c');
    expect(files).toContain('third_party/ed25519/ge.c');
    const { dependencies } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8'));
    for (const name of Object.keys(dependencies))
      expect(readdirSync(join(lab, 'node_modules'))).toContain(name.split('/')[0]);
  });

  it('builds wasm3 from the sources that it brings', async () => {
    const { code, stdout } = await mote(['doctor', '--json']);
    expect([code, JSON.parse(stdout).ok]).toEqual([0, true]);
    expect(readdirSync(installed('build')).filter((name) => name.endsWith('.node'))).toHaveLength(1);
    expect(readdirSync(installed('build'))).not.toContain('wasm3');
  });

  it("runs an app on a board's firmware, built from the sources that it brings", async () => {
    const made = await npm(['exec', '--offline', '--', 'mote', 'new', 'on-board'], lab);
    expect(made.code).toBe(0);
    const input = 'accelerometer=recording.csv:rate=1000';
    const args = ['run', '--board', 'linux', '.', '--input', input, '--speed', 'max', '--json'];
    const { code, stdout, stderr } = await mote(args, join(lab, 'on-board'));
    expect([code, stderr]).toEqual([0, '']);
    const lines = ndjson(stdout);
    expect(lines.filter((line) => line.type === 'event').map((line) => line.name)).toEqual(['vibration', 'vibration']);
  });

  it.each([
    ['my-sensor', [], 'vibration', 2],
    ['door-bell', ['--template', 'keyword'], 'keyword', 4],
  ])('makes %s, which its own script runs', async (name, options, event, count) => {
    const made = await npm(['exec', '--offline', '--', 'mote', 'new', name, ...options], lab);
    expect([made.code, made.stderr.replace(/^npm warn .*\n/gm, '')]).toEqual([0, '']);
    const { code, stdout } = await npm(['run', '--silent', 'sim', '--', '--json'], join(lab, name));
    expect(code).toBe(0);
    const lines = ndjson(stdout);
    expect(lines.filter((line) => line.type === 'event').map((line) => line.name)).toEqual(Array(count).fill(event));
    expect(lines.at(-1)).toMatchObject({ type: 'end', engine: 'wasm3', faults: 0 });
  });

  it('exports what TypeScript and Node find under every name', async () => {
    const { exports } = JSON.parse(readFileSync(installed('package.json'), 'utf8')) as {
      exports: Record<string, string>;
    };
    const rooms = Object.keys(exports).filter((name) => exports[name]!.startsWith('./dist/'));
    expect(rooms.length).toBeGreaterThan(5);
    const uses = rooms.map((name, i) => `import * as room${i} from 'moteware${name.slice(1)}';`);
    const counts = rooms.map((_, i) => `Object.keys(room${i}).length`);
    const source = `${uses.join('\n')}\nconst counts: number[] = [${counts.join(', ')}];\nconsole.log(JSON.stringify(counts));\n`;
    writeFileSync(join(lab, 'all.ts'), source);
    writeFileSync(join(lab, 'all.js'), source.replace(': number[]', ''));
    const options = {
      target: 'es2023',
      lib: ['es2023'],
      module: 'nodenext',
      strict: true,
      noEmit: true,
      types: ['node'],
    };
    const typeRoots = [packagePath('node_modules', '@types')];
    writeFileSync(
      join(lab, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...options, typeRoots, skipLibCheck: false }, files: ['all.ts'] }),
    );
    const tsc = packagePath('node_modules', 'typescript', 'bin', 'tsc');
    const checked = await start(process.execPath, [tsc, '-p', '.'], lab).ended;
    expect(checked.stdout.split('\n').filter((line) => /moteware|all\.ts/.test(line))).toEqual([]);
    const ran = await start(process.execPath, ['all.js'], lab).ended;
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    for (const count of JSON.parse(ran.stdout)) expect(count).toBeGreaterThan(0);
  });
});
