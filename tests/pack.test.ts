/**
 * The published package from a user's point of view: packed, and installed from the tarball into an empty folder
 * without a repository.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'cbor-x';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packagePath } from '../host/base/index.ts';
import { ndjson, type Outcome, start } from './program.ts';
import { missingSources } from './sources.ts';

// `npm run` and `npx` put their options into the environment; they must not affect the tests.
const env = Object.fromEntries(
  Object.keys(process.env).flatMap((name) => (/^npm_/i.test(name) ? [[name, undefined]] : [])),
);
const npm = (args: string[], cwd: string): Promise<Outcome> => start('npm', args, cwd, env).ended;
const online = (await npm(['ping', '--fetch-retries=0', '--fetch-timeout=10000'], tmpdir())).code === 0;
const sources = await missingSources('images/agent');
const missing = online ? sources : 'the npm registry (npm ping must answer)';

const MODEL = packagePath('models', 'micro_speech', 'model.tflite');
const GOLDEN = packagePath('models', 'micro_speech', 'golden');
const NEEDS_COMPILER =
  /^mote: Building apps and models needs the package assemblyscript, which is not installed\. Run npm install assemblyscript@\S+ binaryen@\S+\. \[COMPILER_MISSING\]\n$/;

describe.skipIf(missing)(`the package${missing && `, skipped: ${missing}`}`, () => {
  let dir: string;
  let tarball: string;
  let lab: string;
  const startIn = (folder: string, args: string[], cwd = folder) =>
    start(process.execPath, [join(folder, 'node_modules/moteware/dist/host/cli/main.js'), ...args], cwd);
  const mote = (args: string[], cwd = lab) => startIn(lab, args, cwd).ended;
  const installed = (...parts: string[]) => join(lab, 'node_modules', 'moteware', ...parts);

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'moteware-pack-'));
    const packed = await npm(['pack', packagePath()], dir);
    expect([packed.code, packed.code === 0 ? '' : packed.stderr]).toEqual([0, '']);
    tarball = join(dir, readdirSync(dir).find((name) => name.endsWith('.tgz'))!);
    lab = await install('lab');
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** Creates a folder with the tarball installed. */
  async function install(name: string, ...flags: string[]): Promise<string> {
    const folder = join(dir, name);
    mkdirSync(folder);
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name, version: '1.0.0', private: true, type: 'module' }),
    );
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...flags, tarball];
    const added = await npm(args, folder);
    expect([added.code, added.code === 0 ? '' : added.stderr]).toEqual([0, '']);
    return folder;
  }

  it('has no tests, no sources of the host and no generated files', () => {
    const files = readdirSync(installed(), { recursive: true, encoding: 'utf8' });
    // The scenarios of the templates, `*.test.yaml`, are what `mote new` copies.
    expect(
      files.filter((file) => /\.(test|spec|fuzz)\.(?!yaml$)|testing\.|\/generated\/|(^|\/)golden/.test(file)),
    ).toEqual([]);
    expect(files.filter((file) => /^host\/.*\.ts$/.test(file))).toEqual([]);
    expect(files).toContain('third_party/wasm3/m3_core.c');
    expect(files).toContain('third_party/mbedtls/library/sha256.c');
    expect(files).toContain('third_party/monocypher/src/monocypher.c');
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8'));
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies }))
      expect(readdirSync(join(lab, 'node_modules'))).toContain(name.split('/')[0]);
  });

  it('builds wasm3 from the sources that it contains', async () => {
    const { code, stdout } = await mote(['doctor', '--json']);
    expect([code, JSON.parse(stdout).ok]).toEqual([0, true]);
    expect(readdirSync(installed('build')).filter((name) => name.endsWith('.node'))).toHaveLength(1);
    expect(readdirSync(installed('build'))).not.toContain('wasm3');
  });

  it("runs an app on a board's firmware, built from the sources that it contains", async () => {
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
  ])('creates %s, which its own script runs', async (name, options, event, count) => {
    const made = await npm(['exec', '--offline', '--', 'mote', 'new', name, ...options], lab);
    expect([made.code, made.stderr.replace(/^npm warn .*\n/gm, '')]).toEqual([0, '']);
    const { code, stdout } = await npm(['run', '--silent', 'sim', '--', '--json'], join(lab, name));
    expect(code).toBe(0);
    const lines = ndjson(stdout);
    expect(lines.filter((line) => line.type === 'event').map((line) => line.name)).toEqual(Array(count).fill(event));
    expect(lines.at(-1)).toMatchObject({ type: 'end', engine: 'wasm3', faults: 0 });
  });

  it('configures asc in a new project with the flags of the build', async () => {
    expect((await mote(['new', 'for-asc'])).code).toBe(0);
    const project = join(lab, 'for-asc');
    expect((await mote(['build', '.'], project)).code).toBe(0);
    const asc = () => npm(['exec', '--offline', '--', 'asc'], project);
    const { code, stdout, stderr } = await asc();
    expect([code, stdout, stderr.replace(/^npm warn .*\n/gm, '')]).toEqual([0, '', '']);
    const shown = await npm(['exec', '--offline', '--', 'asc', '--showConfig'], project);
    const { options } = JSON.parse(shown.stderr.slice(shown.stderr.indexOf('{')));
    const { options: shared, targets } = JSON.parse(readFileSync(installed('asconfig.json'), 'utf8'));
    expect(options).toMatchObject({ ...shared, exportStart: targets.release.exportStart });
    expect(options.use).toEqual(expect.arrayContaining(targets.release.use));
    writeFileSync(join(project, 'app.ts'), `${readFileSync(join(project, 'app.ts'))}\nconst wrong: i32 = 'text';\n`);
    expect((await asc()).code).not.toBe(0);
  });

  describe('without optional packages', () => {
    let gateway: string;
    let keyword: string;
    beforeAll(async () => {
      keyword = installed('assembly', 'apps', 'keyword');
      expect((await mote(['key', 'new', 'release.pem'])).code).toBe(0);
      expect((await mote(['build', keyword, '--out', 'built', '--key', 'release.pem'])).code).toBe(0);
      gateway = await install('gateway', '--omit=optional');
      // Builds the engine.
      const { code, stdout } = await startIn(gateway, ['doctor']).ended;
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^- +assemblyscript +not installed$/m)]);
    });

    it('has a broker and no compiler', () => {
      const packages = readdirSync(join(gateway, 'node_modules'));
      expect(packages).toContain('aedes');
      expect(packages).not.toContain('assemblyscript');
      expect(packages).not.toContain('binaryen');
    });

    it('runs a signed package behind a gateway', async () => {
      const shim = startIn(gateway, ['shim', '--listen', '127.0.0.1:0', '--broker', 'embedded:0', '--json']);
      const { port, broker } = JSON.parse(await shim.line((line) => line.includes('"listening"')));
      const client = await mqtt.connectAsync(broker, { protocolVersion: 5 });
      /** Resolves with the first payload on a topic that satisfies `test`. */
      const first = (topic: string, test: (payload: unknown[]) => boolean) =>
        new Promise<unknown[]>((resolve) =>
          client.on('message', (name, payload) => {
            if (name === topic && test(decode(payload))) resolve(decode(payload));
          }),
        );
      const birth = first('mote/d/press/s', ([, online, , , birth]) => online === true && birth !== null);
      const event = first('mote/d/press/e', () => true);
      await client.subscribeAsync('mote/d/#', { qos: 1 });
      const input = `microphone=${join(gateway, 'node_modules/moteware/recordings/speech/stream.wav')}`;
      const node = startIn(gateway, [
        ...['sim', join(lab, 'built', 'keyword.mote'), '--trust', join(lab, 'release.pem.pub'), '--input', input],
        ...['--connect', `127.0.0.1:${port}`, '--node', 'press'],
      ]);
      try {
        const early = node.ended.then((outcome) => Promise.reject(new Error(`it ended: ${JSON.stringify(outcome)}`)));
        const [state, spoken] = await Promise.race([Promise.all([birth, event]), early]);
        expect(state).toMatchObject({ 2: 'press', 4: { 1: { 0: 'keyword' } } });
        expect(spoken).toMatchObject({ 1: 'keyword' });
      } finally {
        await client.endAsync();
        node.kill('SIGTERM');
        shim.kill('SIGTERM');
        await Promise.all([node.ended, shim.ended]);
      }
    });

    it.each([
      ['build', () => ['build', keyword]],
      ['model verify', () => ['model', 'verify', MODEL, '--golden', GOLDEN]],
    ])('names the packages that %s needs', async (_command, args) => {
      const { code, stderr } = await startIn(gateway, args()).ended;
      expect([code, stderr]).toEqual([2, expect.stringMatching(NEEDS_COMPILER)]);
    });

    it('inspects a model', async () => {
      expect((await startIn(gateway, ['model', 'inspect', MODEL]).ended).code).toBe(0);
    });
  });

  it('has exports that TypeScript and Node find under every name', async () => {
    const { exports } = JSON.parse(readFileSync(installed('package.json'), 'utf8')) as {
      exports: Record<string, string>;
    };
    const components = Object.keys(exports).filter((name) => exports[name]!.startsWith('./dist/'));
    expect(components.length).toBeGreaterThan(5);
    const uses = components.map((name, i) => `import * as component${i} from 'moteware${name.slice(1)}';`);
    const counts = components.map((_, i) => `Object.keys(component${i}).length`);
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
