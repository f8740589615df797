/** A source of video, read by ffmpeg: small pictures for a model, and segments of H.264 on disk. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { MoteError } from '../../../base/index.ts';

export interface Segment {
  readonly path: string;
  /** Seconds since the start of the video. */
  readonly start: number;
  readonly end: number;
}

export interface VideoOptions {
  readonly source: string;
  /** Emptied at the start. */
  readonly folder: string;
  readonly picture: { readonly width: number; readonly height: number; readonly channels: 1 | 3 };
  readonly framesPerSecond: number;
  /** `index` counts from 0; the picture is valid during the call. The promise is awaited before the next one. */
  onPicture(picture: Uint8Array, index: number): Promise<void>;
  onSegment(segment: Segment): void;
}

const RTSP_TIMEOUT_US = 10_000_000;
const LOG_CHARACTERS = 2000;
const MAX_LINE = 4096;

export class Video {
  readonly #child: ChildProcess;
  /** Resolves at the end of the source. Rejects with `CAMERA` when it can't be read. */
  readonly ended: Promise<void>;
  #stopped = false;

  constructor(options: VideoOptions) {
    rmSync(options.folder, { recursive: true, force: true });
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#child = spawn('ffmpeg', argumentsOf(options), { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    this.ended = this.#run(options);
    // It may end before somebody waits for it.
    this.ended.catch(() => {});
  }

  /** Ends the program. `ended` resolves. */
  stop(): void {
    this.#stopped = true;
    this.#child.kill('SIGKILL');
  }

  async #run({ picture, onPicture, onSegment, folder, source }: VideoOptions): Promise<void> {
    const child = this.#child;
    const [, pictures, log, list] = child.stdio as unknown as [null, Readable, Readable, Readable];
    let said = '';
    log.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-LOG_CHARACTERS);
    });
    let rest = '';
    list.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!.slice(0, MAX_LINE);
      for (const line of lines) {
        const [name, start, end] = line.split(',');
        onSegment({ path: join(folder, name!), start: Number(start), end: Number(end) });
      }
    });
    const code = new Promise<number | null>((resolve, reject) => {
      child.on('error', (cause: NodeJS.ErrnoException) => {
        const missing = 'ffmpeg is missing; install it (Debian: apt install ffmpeg)';
        const what = cause.code === 'ENOENT' ? missing : `ffmpeg can't be started: ${cause.message}`;
        reject(new MoteError('CAMERA', what, { cause }));
      });
      child.on('close', resolve);
    });
    code.catch(() => {});
    const bytes = picture.width * picture.height * picture.channels;
    let held: Buffer = Buffer.alloc(0);
    let index = 0;
    for await (const chunk of pictures) {
      held = held.length === 0 ? (chunk as Buffer) : Buffer.concat([held, chunk as Buffer]);
      for (; held.length >= bytes && !this.#stopped; held = held.subarray(bytes))
        await onPicture(held.subarray(0, bytes), index++);
    }
    const ended = await code;
    if (ended === 0 || this.#stopped) return;
    const why = said.trim().split('\n').at(-1) || `ffmpeg ended with ${ended}`;
    throw new MoteError('CAMERA', `${shown(source)} can't be read: ${shown(why)}`);
  }
}

/** Without the user and the password of an address. */
export function shown(text: string): string {
  return text.replace(/(rtsps?:\/\/)[^/@\s]*@/g, '$1');
}

function argumentsOf({ source, folder, picture, framesPerSecond }: VideoOptions): string[] {
  const { width, height, channels } = picture;
  const rtsp = /^rtsps?:/.test(source);
  const format = channels === 1 ? 'gray' : 'rgb24';
  const scaled = `fps=${framesPerSecond},scale=${width}:${height}:flags=area,format=${format}`;
  return [
    ...['-nostdin', '-hide_banner', '-loglevel', 'error'],
    // A file can name others; nothing but what the address needs is opened.
    ...(rtsp
      ? ['-protocol_whitelist', 'rtsp,rtsps,rtp,srtp,tcp,tls,udp,crypto', '-rtsp_transport', 'tcp']
      : ['-protocol_whitelist', 'file']),
    ...(rtsp ? ['-timeout', String(RTSP_TIMEOUT_US)] : []),
    ...['-i', rtsp ? source : `file:${source}`],
    ...['-map', '0:v:0', '-an', '-vf', scaled, '-f', 'rawvideo', 'pipe:1'],
    ...['-map', '0:v:0', '-an', '-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p'],
    // H.264 with this format of pixels has even sizes.
    ...['-vf', 'scale=trunc(iw/2)*2:trunc(ih/2)*2'],
    ...['-force_key_frames', 'expr:gte(t,n_forced)', '-f', 'segment', '-segment_time', '1'],
    ...['-segment_format', 'mpegts', '-segment_list', 'pipe:3', '-segment_list_type', 'csv'],
    join(folder, '%09d.ts'),
  ];
}
