/**
 * What the documents show works: each app builds in a fresh project, and each command line runs, in the order of the
 * page, in a folder of its own. A block that no test can run has a word after `sh` that says where it runs
 * (`ELSEWHERE`).
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from 'cbor-x';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../host/base/index.ts';
import { type HostFunction, loadEngine } from '../host/device/engine/index.ts';
import { freePort } from '../host/messaging/mqtt/testing.ts';
import { createProject } from '../host/toolchain/app/index.ts';
import { type BuiltApp, buildApp } from '../host/toolchain/build/index.ts';
import { type Block, blocksOf } from './markdown.ts';
import { type Outcome, type Program, start } from './program.ts';
import { missingSources } from './sources.ts';

const PAGES = ['README.md', 'docs/getting-started.md', 'docs/running-on-boards.md', 'docs/writing-an-app.md'];

/** Blocks that run in another place than a folder of this machine, by the word after `sh`. */
const ELSEWHERE: Record<string, string> = {
  clone: 'in a clone: CI begins with them, and other tests run the demo',
  debian: 'as root of a Debian machine',
  hardware: 'with a board on a port or a node in the field',
};

/** Lines that build the firmware of a board, and the reason why that is impossible here. */
const FIRMWARE = /mps2-an386|mote flash/;
const noFirmware = await missingSources('images/agent');

/** Programs that a line needs, and the Debian package of each. */
const NEEDS: [line: RegExp, program: string, debian: string][] = [
  [/mps2-an386/, 'qemu-system-arm', 'qemu-system-arm'],
  [FIRMWARE, 'arm-none-eabi-gcc', 'gcc-arm-none-eabi libnewlib-arm-none-eabi'],
  [/^mosquitto_/, 'mosquitto_sub', 'mosquitto-clients'],
];

/** A server that takes longer never gets ready. */
const READY_MS = 180_000;

const temporary = mkdtempSync(join(tmpdir(), 'mote-docs-'));
const terminals: Terminal[] = [];
afterAll(async () => {
  await Promise.all(terminals.map((terminal) => terminal.close()));
  rmSync(temporary, { recursive: true, force: true });
});

function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A terminal: runs lines one after another, remembers the folder, and keeps what serves until the end. */
class Terminal {
  cwd: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #ports: { link: number; broker: number };
  readonly #serving: Program[] = [];

  private constructor(dir: string, ports: { link: number; broker: number }) {
    this.cwd = dir;
    this.#ports = ports;
    // npm gives what it was started with to its children; that of the test is none of theirs. Nothing here needs a
    // registry.
    const inherited = Object.keys(process.env).filter((name) => /^npm_/i.test(name));
    this.#env = {
      ...Object.fromEntries(inherited.map((name) => [name, undefined])),
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
      BUILD_NUMBER: '7',
      // The pages build some apps alike.
      MOTE_CACHE: join(temporary, 'cache'),
      // `mote` as `npm link` gives it to a pipeline.
      PATH: `${join(dir, 'lab', 'node_modules', '.bin')}:${process.env.PATH}`,
    };
  }

  /** In a folder in which `moteware` is the clone. */
  static async open(name: string): Promise<Terminal> {
    const dir = join(temporary, name.replaceAll(/\W/g, '-'));
    mkdirSync(dir);
    symlinkSync(packageRoot, join(dir, 'moteware'));
    const terminal = new Terminal(dir, { link: await freePort(), broker: await freePort() });
    terminals.push(terminal);
    return terminal;
  }

  /** With ports that are free instead of the default ones of the guides, and the name of a node that is there. */
  #adapted(line: string): string {
    const { link, broker } = this.#ports;
    return line
      .replace(/mote shim\b/, `mote shim --listen 127.0.0.1:${link} --broker embedded:${broker}`)
      .replace('127.0.0.1:7878', `127.0.0.1:${link}`)
      .replace(/mote (push|send|config)\b.*/, `$& --broker mqtt://127.0.0.1:${broker}`)
      .replace(/^mosquitto_\w+/, `$& -p ${broker}`)
      .replace(/\bNODE\b/, 'hall');
  }

  /** Runs a line; throws, with all that it printed, when it fails. */
  async run(line: string): Promise<Outcome> {
    const marker = '\u0001cwd ';
    const script = `trap 'code=$?; printf "${marker}%s" "$PWD"; exit $code' EXIT\n${this.#adapted(line)}\n`;
    const outcome = await start('bash', ['-e', '-c', script], this.cwd, this.#env).ended;
    const [stdout = '', cwd] = outcome.stdout.split(marker);
    if (outcome.code !== 0) throw new Error(`${line}\nends with code ${outcome.code}:\n${stdout}${outcome.stderr}`);
    this.cwd = cwd ?? this.cwd;
    return { ...outcome, stdout };
  }

  /** Starts a line that goes on until it is stopped; resolves once it has printed a line that `ready` matches. */
  async serve(line: string, ready: RegExp): Promise<Program> {
    const program = start('setsid', ['bash', '-c', `exec ${this.#adapted(line)}`], this.cwd, this.#env);
    this.#serving.push(program);
    // One that never gets ready is ended, and then the error shows what it printed.
    const limit = setTimeout(() => program.killGroup('SIGKILL'), READY_MS);
    await program.line((text) => ready.test(text)).finally(() => clearTimeout(limit));
    return program;
  }

  /** Resolves once something that serves has printed a line that `pattern` matches. */
  async hears(pattern: RegExp): Promise<void> {
    await Promise.any(this.#serving.map((program) => program.line((text) => pattern.test(text))));
  }

  async close(): Promise<void> {
    for (let program = this.#serving.pop(); program; program = this.#serving.pop()) {
      program.killGroup('SIGINT');
      await program.ended;
    }
  }
}

interface App {
  file: string;
  block: Block;
  source: string;
  manifest: { name: string };
}

/** An app is TypeScript with a `step`; its mote.json is the JSON after it, or else the last one before it. */
function appsOf(file: string): App[] {
  const blocks = blocksOf(file);
  const isApp = ({ language, text }: Block) => language === 'ts' && text.includes('export function step');
  return blocks.flatMap((block, i) => {
    if (!isApp(block)) return [];
    const isManifest = ({ language, text }: Block) => language === 'json' && text.includes('"version"');
    const next = blocks.findIndex((other, k) => k > i && isApp(other));
    const after = blocks.slice(i, next < 0 ? undefined : next).find(isManifest);
    const manifest = after ?? blocks.slice(0, i).findLast(isManifest);
    if (manifest === undefined) throw new Error(`${file}:${block.line}: the app has no mote.json`);
    return [{ file, block, source: block.text, manifest: JSON.parse(manifest.text) }];
  });
}

const APPS = PAGES.flatMap(appsOf);
const appWith = (file: string, text: string) =>
  APPS.find((app) => app.file === file && app.source.includes(text)) as App;

/** A project as `mote new` makes it, with the files of the document; the terminal is in it then. */
function project(terminal: Terminal, { source, manifest }: App, name = manifest.name): void {
  terminal.cwd = join(terminal.cwd, name);
  createProject(terminal.cwd, 'vibration');
  writeFileSync(join(terminal.cwd, 'app.ts'), source);
  writeFileSync(join(terminal.cwd, 'mote.json'), JSON.stringify({ ...manifest, name }));
}

const INSTALL = 'mkdir lab && cd lab && npm init -y && npm install ../moteware';

describe('the apps of the documents', () => {
  const built = new Map<App, BuiltApp>();
  let lab: Terminal;
  beforeAll(async () => {
    lab = await Terminal.open('lab');
    await lab.run(INSTALL);
  });

  it.each(['README.md', 'docs/writing-an-app.md'])(
    'the first of %s replaces the app of a new project',
    async (page) => {
      const home = lab.cwd;
      lab.cwd = join(home, `new-${page.length}`);
      createProject(lab.cwd, 'vibration');
      writeFileSync(join(lab.cwd, 'app.ts'), APPS.find(({ file }) => file === page)!.source);
      await buildApp(lab.cwd);
      lab.cwd = home;
    },
  );

  it('are three', () => {
    expect(APPS.map(({ file }) => file)).toEqual(['README.md', 'docs/writing-an-app.md', 'docs/writing-an-app.md']);
  });

  it.each(APPS.map((app, i): [string, number, App] => [`${app.file}:${app.block.line}`, i, app]))(
    '%s builds in a fresh project without a warning',
    async (_at, i, app) => {
      const home = lab.cwd;
      project(lab, app, `app-${i}`);
      built.set(app, await buildApp(lab.cwd));
      lab.cwd = home;
      expect(built.get(app)!.warnings).toEqual([]);
    },
  );

  it('that of the section on commands reads a command whatever else is in it', async () => {
    const { wasm, rom, metadata } = built.get(appWith('docs/writing-an-app.md', 'subscribe'))!;
    const sent: unknown[] = [];
    let body = new Uint8Array();
    const imports: Record<string, HostFunction> = {
      subscribe: () => 0,
      log: () => undefined,
      kv_get: () => -1,
      kv_set: () => 0,
      time_utc: () => 7n,
      config: (_name, _length, otherwise) => otherwise,
      message_read: (to) => {
        instance.bytes(Number(to), body.length).set(body);
        return body.length;
      },
      event: (_name, _length, from, length) => {
        sent.push(decode(instance.bytes(Number(from), Number(length)).slice()));
        return 0;
      },
    };
    const { fuel, memoryBytes } = metadata;
    const limits = { memoryBytes, stackBytes: 65536, fuel, deadlineMs: 5000 };
    const instance = (await loadEngine('v8')).load({ wasm, rom, imports, limits });
    instance.call('init');
    for (const message of [{ value: 3 }, { other: [1, { a: 2 }], more: 'x', value: 4 }, 5, { value: 'text' }]) {
      body = new Uint8Array(encode(message));
      instance.call('on_message', 0, body.length);
    }
    expect(sent).toEqual([
      { value: 3, utc: 7 },
      { value: 4, utc: 7 },
    ]);
  });
});

/** Lines that go on until they are stopped, and what each prints once it does its work. */
const SERVERS: [line: RegExp, ready: RegExp][] = [
  [/^npx mote shim$/, /nodes connect to/],
  [/^npx mote sim .* --connect /, /confirmed/],
  [/^mosquitto_sub /, /^mote\/d\/hall\/t /],
];

/** What the text around a line asks of the reader, before that line. */
const BEFORE: Record<string, Record<string, (terminal: Terminal) => void | Promise<void>>> = {
  'README.md': {
    'mkdir ../lab && cd ../lab && npm init -y': (terminal) => {
      // The page is inside of the clone here; a folder beside it will do, since only `../` is used.
      terminal.cwd = join(terminal.cwd, 'inside');
      mkdirSync(terminal.cwd);
    },
    'npx mote sim shock --input accelerometer=sine:rate=1000,freq=25,amplitude=300,seconds=2': async (terminal) => {
      terminal.cwd = join(terminal.cwd, '..');
      const { source, manifest } = appWith('README.md', 'shock');
      mkdirSync(join(terminal.cwd, 'shock'));
      writeFileSync(join(terminal.cwd, 'shock', 'app.ts'), source);
      writeFileSync(join(terminal.cwd, 'shock', 'mote.json'), JSON.stringify(manifest));
    },
  },
  'docs/getting-started.md': {
    'npx mote push . --node hall --bump': (terminal) => {
      const path = join(terminal.cwd, 'mote.json');
      const manifest = JSON.parse(readFileSync(path, 'utf8'));
      manifest.config.threshold++;
      writeFileSync(path, JSON.stringify({ ...manifest, version: '1.1.0' }));
    },
    'mote build . --key release.pem --sequence "$BUILD_NUMBER" --out dist': (terminal) => {
      const sensor = join(terminal.cwd, '..', 'my-sensor');
      for (const key of ['release.pem', 'release.pem.pub']) cpSync(join(terminal.cwd, key), join(sensor, key));
      terminal.cwd = sensor;
    },
  },
  'docs/running-on-boards.md': {
    'npx mote board list': async (terminal) => {
      await terminal.run(INSTALL);
    },
    'npx mote run --board mps2-an386 . --input recording.wav': async (terminal) => {
      await terminal.run('npx mote new my-sensor --template keyword && cd my-sensor');
    },
    'npx mote key new': async (terminal) => {
      await terminal.run('cd .. && npx mote new press && cd press');
      const changed = blocksOf('docs/running-on-boards.md').find(({ text }) => text.includes("Sensor.open('analog')"));
      const app = join(terminal.cwd, 'app.ts');
      const source = readFileSync(app, 'utf8');
      writeFileSync(app, source.replace(/^.*Sensor\.open\('accelerometer'\).*\n/m, changed!.text));
    },
  },
  'docs/writing-an-app.md': {
    'npx mote send NODE gain \'{"value": 3}\'': linkedToGateway,
    'npx mote sim . --input ... --telemetry': async (terminal) => {
      await Promise.all([/gain +value=3/, /the alarm limit is now 300/].map((line) => terminal.hears(line)));
      terminal.cwd = join(terminal.cwd, '..');
      project(terminal, appWith('docs/writing-an-app.md', 'shock'));
    },
  },
};

/** Lines with a placeholder, as a reader would write them. */
const AS_IF: Record<string, string> = Object.fromEntries(
  ['--telemetry', '--taps taps', '--engine v8', '--guard'].map((options) => [
    `npx mote sim . --input ... ${options}`,
    `npx mote sim . --input accelerometer=sine:rate=1000,freq=25,amplitude=300,seconds=2 ${options}`,
  ]),
);

/** The reader is in a project with the app of the section on commands, linked to a gateway as node `hall`. */
async function linkedToGateway(terminal: Terminal): Promise<void> {
  await terminal.run(INSTALL);
  project(terminal, appWith('docs/writing-an-app.md', 'subscribe'), 'commands');
  await terminal.run('npx mote key new');
  await terminal.serve('npx mote shim', /nodes connect to/);
  await terminal.serve('npx mote sim . --connect 127.0.0.1:7878 --node hall', /confirmed/);
  await terminal.hears(/hall +online/);
}

const isWithout = (line: string): string | undefined => {
  const missing = NEEDS.find(([pattern, program]) => pattern.test(line) && !has(program));
  if (missing) return `needs ${missing[1]} (apt-get install ${missing[2]})`;
  return noFirmware && FIRMWARE.test(line) ? noFirmware : undefined;
};

interface Line {
  /** `FILE:LINE` of the document. */
  at: string;
  /** Without the comment at its end. */
  text: string;
}

const linesOf = (file: string, { text, line }: Block): Line[] =>
  text
    .split('\n')
    .map((raw, i) => ({ at: `${file}:${line + i}`, text: raw.replace(/(^|\s+)#.*$/, '').trim() }))
    .filter((each) => each.text !== '');

const shell = PAGES.flatMap((file) =>
  blocksOf(file)
    .filter(({ language }) => language === 'sh')
    .map((block) => ({ file, tags: block.tags, lines: linesOf(file, block) })),
);
const linesToRun = (page: string): Line[] =>
  shell.filter(({ file, tags }) => file === page && tags.length === 0).flatMap(({ lines }) => lines);

async function follow(terminal: Terminal, page: string): Promise<void> {
  for (const { at, text } of linesToRun(page)) {
    try {
      await BEFORE[page]?.[text]?.(terminal);
      if (isWithout(text) !== undefined) continue;
      const server = SERVERS.find(([pattern]) => pattern.test(text));
      if (server) await terminal.serve(text, server[1]);
      else await terminal.run(AS_IF[text] ?? text);
    } catch (error) {
      throw new Error(`${at}: ${(error as Error).message}`);
    }
  }
}

describe('the command lines of the documents', () => {
  it.concurrent.each(PAGES)('of %s run', { timeout: 600_000 }, async (page) => {
    const lines = linesToRun(page).map(({ text }) => text);
    expect(Object.keys(BEFORE[page] ?? {}).filter((text) => !lines.includes(text))).toEqual([]);
    const terminal = await Terminal.open(page);
    await follow(terminal, page);
    await terminal.close();
  });

  for (const { at, text } of PAGES.flatMap(linesToRun)) {
    const reason = isWithout(text);
    if (reason !== undefined) it.skip(`${at} ${text}, skipped: ${reason}`);
  }

  it('are left out only where no test can run them', () => {
    const tagged = shell.filter(({ tags }) => tags.length > 0);
    expect(tagged.flatMap(({ tags }) => tags).filter((tag) => !(tag in ELSEWHERE))).toEqual([]);
    const run = PAGES.flatMap(linesToRun).length;
    const counts = Object.entries(ELSEWHERE).map(([tag, where]) => {
      const lines = tagged.filter(({ tags }) => tags.includes(tag)).flatMap((block) => block.lines);
      return `${lines.length} ${where}`;
    });
    console.log(`command lines: ${run} run here; ${counts.join('; ')}`);
  });
});
