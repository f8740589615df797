/** A new project of a user, made from an app that ships with moteware. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { MoteError, packagePath, packageRoot, packageVersion } from '../../base/index.ts';

export const TEMPLATES = {
  vibration: {
    description: 'accelerometer, RMS level, alarm with hysteresis, no model',
    input: 'accelerometer=recording.csv:rate=1000',
    recording: 'recording.csv',
    data: [['recordings/vibration/machine.csv', 'recording.csv']],
  },
  keyword: {
    description: 'microphone, audio front end and an int8 model that recognizes yes and no',
    input: 'microphone=recording.wav',
    recording: 'recording.wav',
    data: [['recordings/speech/stream.wav', 'recording.wav']],
  },
} as const;
export type Template = keyof typeof TEMPLATES;
export const TEMPLATE_NAMES = Object.keys(TEMPLATES) as Template[];

/** For `asc` and editors: `npx asc` checks the app with the flags of `mote build`, which does not read this file. */
const ASCONFIG = {
  extends: 'moteware/asconfig.json',
  entries: ['generated/entry.ts'],
  options: { noEmit: true, use: ['abort=~lib/moteware/assembly/mote/abort/abort'] },
};

/** Writes the app's files with imports as they are outside moteware's own tree. */
function writeSources(template: Template, dir: string, name: string): string[] {
  const from = packagePath('assembly', 'apps', template);
  const written: string[] = [];
  for (const file of readdirSync(from).sort()) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const text = readFileSync(join(from, file), 'utf8').replace(/(['"])\.\.\/\.\.\//g, '$1moteware/assembly/');
    writeFileSync(join(dir, file), text);
    written.push(file);
  }
  const manifest = JSON.parse(readFileSync(join(from, 'mote.json'), 'utf8')) as {
    name: string;
    models?: Record<string, string>;
  };
  manifest.name = name;
  for (const file of readdirSync(from).filter((file) => file.endsWith('.test.yaml'))) {
    const text = readFileSync(join(from, file), 'utf8');
    const [[source, target]] = TEMPLATES[template].data;
    writeFileSync(join(dir, file), text.replaceAll(`../../../${source}`, target));
    written.push(file);
  }
  for (const [model, path] of Object.entries(manifest.models ?? {})) {
    const source = dirname(resolve(from, path));
    mkdirSync(join(dir, 'models', model), { recursive: true });
    for (const file of ['model.tflite', 'README.md', 'LICENSE']) {
      if (existsSync(join(source, file))) cpSync(join(source, file), join(dir, 'models', model, file));
    }
    manifest.models = { ...manifest.models, [model]: `models/${model}/model.tflite` };
    written.push(`models/${model}/`);
  }
  writeFileSync(join(dir, 'mote.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return ['mote.json', ...written];
}

/** This moteware as a dependency of the project in `dir`: a clone by its path, because a registry doesn't have it. */
function ownDependency(dir: string): string {
  if (basename(dirname(packageRoot)) === 'node_modules') return `^${packageVersion()}`;
  return `file:${relative(realpathSync(dir), packageRoot).replaceAll('\\', '/')}`;
}

/** The nearest folder around `dir` that is an app; null if there is none. */
function projectAround(dir: string): string | null {
  for (let folder = dirname(resolve(dir)); folder !== dirname(folder); folder = dirname(folder))
    if (existsSync(join(folder, 'mote.json'))) return folder;
  return null;
}

/** Creates a project in `dir`, which must be empty or absent, and returns the files written. Throws `NAME` and `EXISTS`. */
export function createProject(dir: string, template: Template): string[] {
  const name = basename(resolve(dir));
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name)) {
    throw new MoteError(
      'NAME',
      `"${name}" can't be the name of a module: use lower-case letters, digits and hyphens, starting with a letter.`,
    );
  }
  if (existsSync(dir) && (!statSync(dir).isDirectory() || readdirSync(dir).length > 0)) {
    throw new MoteError('EXISTS', `${dir} exists and isn't empty: choose another name or remove it first.`);
  }
  const outer = projectAround(dir);
  if (outer !== null) {
    throw new MoteError(
      'EXISTS',
      `${dir} lies in the project ${outer}, whose build would read it: choose a folder outside of it.`,
    );
  }
  mkdirSync(dir, { recursive: true });
  const { input, recording, data } = TEMPLATES[template];
  const written = writeSources(template, dir, name);
  for (const [source, target] of data) {
    cpSync(packagePath(source), join(dir, target));
    written.push(target);
  }
  const texts: Record<string, string> = {
    'package.json': `${JSON.stringify(
      {
        name,
        version: '0.1.0',
        private: true,
        type: 'module',
        scripts: {
          build: 'mote build .',
          sim: `mote sim . --input ${input}`,
          test: 'mote test',
          watch: `mote sim . --input ${input} --watch`,
        },
        devDependencies: { moteware: ownDependency(dir) },
      },
      null,
      2,
    )}\n`,
    'tsconfig.json': `${JSON.stringify({ extends: 'moteware/tsconfig.app.json', include: ['*.ts'] }, null, 2)}\n`,
    'asconfig.json': `${JSON.stringify(ASCONFIG, null, 2)}\n`,
    '.gitignore': 'node_modules/\nbuild/\ngenerated/\n.mote/\n*.flash\n*.pem\n',
    'README.md': `# ${name}

A sensor node on moteware.
\`app.ts\` is its program: \`init\` runs once, and \`step\` does the work that is due and returns the time of its next call.

    npm run sim       build it and run it on ${recording}, as fast as possible
    npm test          run the scenarios (*.test.yaml) and compare events and metrics
    npm run watch     the same again whenever a file is saved
    npm run build     build/${name}.wasm and .rom

Try settings (\`config\` in mote.json) without a build: \`npm run sim -- --set NAME=VALUE\`.
`,
  };
  for (const [file, text] of Object.entries(texts)) writeFileSync(join(dir, file), text);
  return [...written, ...Object.keys(texts)];
}

/** Writes the project's `generated/`, so that an editor knows its settings and models before the first build. */
export async function prepareEditor(dir: string): Promise<void> {
  const { generateSources } = await import('../build/index.ts');
  await generateSources(dir);
}
