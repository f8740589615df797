/**
 * The clips of one camera on disk: a video, a picture and a description each, named by the time of their start. A
 * description whose event the site doesn't have yet has another ending, so that none is forgotten over a crash.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { MoteError } from '../../../base/index.ts';
import type { CameraConfig } from '../../config/index.ts';

export interface ClipFile {
  /** In the folder of the camera's clips. */
  readonly file: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** An event of a camera, as the site stores it. Times are UTC in milliseconds since 1970. */
export interface CameraEvent {
  readonly startMs: number;
  readonly endMs: number;
  /** The highest value of the model's output, in its own unit, in thousandths. */
  readonly score: number;
  /** Pictures that counted. */
  readonly pictures: number;
  /** SHA-256 of the model's file, hexadecimal. */
  readonly model: string;
  /** Null if it could not be kept; the reason is in the log. */
  readonly clip: (ClipFile & { readonly startMs: number }) | null;
  readonly poster: ClipFile | null;
}

export interface Cut {
  /** Parts of one MPEG transport stream. */
  readonly segments: readonly string[];
  /** UTC of the first one. */
  readonly startMs: number;
  /** Seconds from there to the picture that is kept. */
  readonly posterSeconds: number;
}

export interface ClipsStatus {
  readonly clips: number;
  readonly bytes: number;
  /** By the retention, since the start. */
  readonly deleted: number;
  /** Start of the oldest clip, UTC in milliseconds; null if there is none. */
  readonly oldestMs: number | null;
}

const KNOWN = '.json';
const PENDING = '.pending.json';
const NAME = /^(\d{8}T\d{9}Z)\.(mp4|jpg|json|pending\.json)$/;

export class Clips {
  readonly #folder: string;
  readonly #keep: CameraConfig['keep'];
  /** Bytes by name. */
  readonly #clips = new Map<string, number>();
  #deleted = 0;

  constructor(folder: string, keep: CameraConfig['keep']) {
    this.#folder = folder;
    this.#keep = keep;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const described = new Set(readdirSync(folder).map((file) => /^(.*?)(\.pending)?\.json$/.exec(file)?.[1]));
    for (const file of readdirSync(folder)) {
      const name = NAME.exec(file)?.[1];
      // What a crash left without a description, or half written.
      if (name === undefined || !described.has(name)) rmSync(join(folder, file), { force: true, recursive: true });
      else this.#clips.set(name, (this.#clips.get(name) ?? 0) + statSync(join(folder, file)).size);
    }
  }

  get status(): ClipsStatus {
    const names = [...this.#clips.keys()].sort();
    return {
      clips: names.length,
      bytes: [...this.#clips.values()].reduce((total, bytes) => total + bytes, 0),
      deleted: this.#deleted,
      oldestMs: names.length === 0 ? null : timeOf(names[0]!),
    };
  }

  /** Events that the site doesn't have yet, oldest first, each with the function to call when it has. */
  pending(): { event: CameraEvent; known: () => void }[] {
    const files = readdirSync(this.#folder).filter((file) => file.endsWith(PENDING));
    return files.sort().map((file) => {
      const path = join(this.#folder, file);
      return {
        event: JSON.parse(readFileSync(path, 'utf8')) as CameraEvent,
        known: () => renameSync(path, `${path.slice(0, -PENDING.length)}${KNOWN}`),
      };
    });
  }

  /** Cuts the clip of an event and keeps both. Throws `CAMERA`; then nothing is kept. */
  async add(event: Omit<CameraEvent, 'clip' | 'poster'>, { segments, startMs, posterSeconds }: Cut): Promise<void> {
    let name = nameOf(startMs);
    for (let i = 1; this.#clips.has(name); i++) name = nameOf(startMs + i);
    const at = (ending: string) => join(this.#folder, `${name}.${ending}`);
    try {
      const copy = ['-f', 'mpegts', '-i', 'pipe:0', '-c', 'copy', '-movflags', '+faststart', '-f', 'mp4'];
      await ffmpeg([...copy, at('mp4.new')], segments);
      sync(at('mp4.new'));
      renameSync(at('mp4.new'), at('mp4'));
      const one = ['-frames:v', '1', '-q:v', '4', '-f', 'mjpeg'];
      await ffmpeg(['-ss', posterSeconds.toFixed(3), '-i', `file:${at('mp4')}`, ...one, at('jpg.new')], []);
      sync(at('jpg.new'));
      renameSync(at('jpg.new'), at('jpg'));
      const whole: CameraEvent = {
        ...event,
        clip: { ...(await describe(at('mp4'), `${name}.mp4`)), startMs },
        poster: await describe(at('jpg'), `${name}.jpg`),
      };
      writeFileSync(at('json.new'), `${JSON.stringify(whole, null, 2)}\n`, { mode: 0o600 });
      sync(at('json.new'));
      renameSync(at('json.new'), `${join(this.#folder, name)}${PENDING}`);
      this.#clips.set(name, whole.clip!.bytes + whole.poster!.bytes);
    } catch (cause) {
      for (const ending of ['mp4', 'jpg', 'json', 'mp4.new', 'jpg.new', 'json.new'])
        rmSync(at(ending), { force: true });
      if (cause instanceof MoteError) throw cause;
      throw new MoteError('CAMERA', `A clip can't be kept: ${(cause as Error).message}`, { cause });
    }
  }

  /** Deletes what is too old or too much, oldest first. */
  retain(nowMs: number): void {
    const { days, megabytes } = this.#keep;
    const names = [...this.#clips.keys()].sort();
    for (const name of names) {
      const old = nowMs - timeOf(name) > days * 86_400_000;
      if (!old && this.status.bytes <= megabytes * 1e6) return;
      for (const ending of ['mp4', 'jpg']) rmSync(join(this.#folder, `${name}.${ending}`), { force: true });
      for (const ending of [KNOWN, PENDING]) rmSync(join(this.#folder, `${name}${ending}`), { force: true });
      this.#clips.delete(name);
      this.#deleted++;
    }
  }
}

/** `20261130T082235123Z` */
function nameOf(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:.]/g, '');
}

function timeOf(name: string): number {
  const [, y, mo, d, h, mi, s, ms] = /^(....)(..)(..)T(..)(..)(..)(...)Z$/.exec(name)!;
  return Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s), Number(ms));
}

async function describe(path: string, file: string): Promise<ClipFile> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return { file, bytes: statSync(path).size, sha256: hash.digest('hex') };
}

function sync(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Runs ffmpeg with the bytes of files as its input. Throws `CAMERA`. */
async function ffmpeg(options: readonly string[], inputs: readonly string[]): Promise<void> {
  const child = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...options], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  ended.catch(() => {});
  // It may end before it has read all.
  child.stdin.on('error', () => {});
  for (const input of inputs)
    for await (const chunk of createReadStream(input)) {
      if (!child.stdin.write(chunk) && child.exitCode === null)
        await Promise.race([new Promise((resolve) => child.stdin.once('drain', resolve)), ended]);
    }
  child.stdin.end();
  if ((await ended) !== 0) throw new MoteError('CAMERA', `A clip can't be cut: ${said.trim().split('\n').at(-1)}`);
}
