import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backgroundClock, type MoteError, packagePath, VirtualClock } from '../../../base/index.ts';
import { Camera, type CameraEvent, type CameraSeam } from './index.ts';
import { hasProgram } from './testing.ts';
import { shown } from './video.ts';

const golden = (file: string) => readFileSync(packagePath('models', 'person_detect', 'golden', file));
const MODEL = packagePath('models', 'person_detect', 'model.tflite');

const missing = hasProgram('ffmpeg') ? '' : ' skipped: ffmpeg is missing (apt-get install ffmpeg)';
/** That of the system, which has the bindings of GStreamer. */
const PYTHON = '/usr/bin/python3';
const SERVER = fileURLToPath(new URL('./testing/rtsp.py', import.meta.url));

function lackingServer(): string {
  try {
    const bindings = 'import gi; gi.require_version("GstRtspServer", "1.0"); from gi.repository import GstRtspServer';
    execFileSync(PYTHON, ['-c', bindings], { stdio: 'ignore' });
    return '';
  } catch {
    const packages = 'python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-bad';
    return ` skipped: an RTSP server is missing (apt-get install ${packages})`;
  }
}
const missingServer = lackingServer();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moteware-camera-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The golden inputs of the model by number, as a video without loss: two pictures a second. */
function video(name: string, inputs: readonly string[]): string {
  const path = join(folder, name);
  const pictures = inputs.map((input) => golden(`in_${input}.bin`).map((byte) => byte ^ 0x80));
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'gray', '-s', '96x96', '-r', '2', '-i', 'pipe:0'];
  execFileSync('ffmpeg', ['-loglevel', 'error', ...raw, '-c:v', 'ffv1', path], { input: Buffer.concat(pictures) });
  return path;
}

const config = (source: string) => ({
  name: 'gate',
  source,
  model: MODEL,
  output: 1,
  label: 'person',
  framesPerSecond: 2,
  threshold: 0.4,
  pictures: 2,
  clip: { beforeSeconds: 2, afterSeconds: 1, maxSeconds: 60 },
  keep: { days: 7, megabytes: 100 },
});

interface Told {
  timeMs: number;
  score?: number;
  event?: CameraEvent;
}

function seam(data: string, take: CameraSeam['take'] = () => Promise.resolve()) {
  const told: Told[] = [];
  const ids: unknown[] = [];
  const problems: string[] = [];
  // The model is compiled once for all.
  mkdirSync(join(folder, 'models'), { recursive: true });
  mkdirSync(join(folder, data), { recursive: true });
  if (!existsSync(join(folder, data, 'models'))) symlinkSync(join(folder, 'models'), join(folder, data, 'models'));
  return {
    told,
    ids,
    problems,
    folder: join(folder, data),
    clock: backgroundClock,
    async take(message: Parameters<CameraSeam['take']>[0]) {
      await take(message);
      expect(message.topic).toBe('camera/gate');
      told.push(JSON.parse(Buffer.from(message.payload).toString()) as Told);
      if (message.properties.userProperties) ids.push(message.properties.userProperties.id);
    },
    onProblem: (error: MoteError) => void problems.push(error.message),
    log: () => {},
  };
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const EMPTY = ['00', '01', '02', '03', '04', '05'];
/** Six seconds with nobody, two and a half with somebody, four with nobody. */
const INPUTS = [...EMPTY, ...EMPTY, ...Array.from({ length: 5 }, () => 'photo_a'), '06', '07', ...EMPTY];

describe.skipIf(missing !== '')(`a camera${missing}`, () => {
  it('gives the model each picture as it is, and keeps a clip of what it finds', async () => {
    const site = seam('finds');
    const camera = new Camera(config(video('gate.mkv', INPUTS)), site);
    await camera.ended;
    expect(site.problems).toEqual([]);
    const scores = site.told.flatMap(({ score }) => (score === undefined ? [] : [score]));
    const expected = INPUTS.map((input) => (golden(`out_${input}.bin`).readInt8(1) + 128) / 256);
    expect(scores).toEqual(expected.map((score) => Math.round(score * 1000) / 1000));
    const events = site.told.flatMap(({ event }) => (event === undefined ? [] : [event]));
    expect(events).toHaveLength(1);
    const [{ startMs, endMs, score, pictures, clip, poster, model }] = events as [CameraEvent];
    expect([endMs - startMs, score, pictures]).toEqual([2000, 484, 5]);
    expect(model).toBe(digest(readFileSync(MODEL)));
    const clips = join(site.folder, 'gate', 'clips');
    const bytes = readFileSync(join(clips, clip!.file));
    expect([bytes.length, digest(bytes)]).toEqual([clip!.bytes, clip!.sha256]);
    expect(site.ids).toEqual([clip!.sha256]);
    expect(readFileSync(join(clips, poster!.file)).readUInt16BE()).toBe(0xffd8);
    const probed = execFileSync('ffprobe', [
      ...['-v', 'error', '-select_streams', 'v', '-show_entries', 'stream=codec_name:format=duration'],
      ...['-of', 'json', join(clips, clip!.file)],
    ]);
    const { streams, format } = JSON.parse(probed.toString());
    expect(streams).toEqual([{ codec_name: 'h264' }]);
    // Whole segments: two seconds before, one after, and what the first and the last one have more.
    expect(startMs - clip!.startMs).toBeGreaterThanOrEqual(2000);
    expect(startMs - clip!.startMs).toBeLessThan(4000);
    expect(Number(format.duration)).toBeGreaterThanOrEqual(5);
    expect(Number(format.duration)).toBeLessThan(9);
    // Nothing of the rest is left.
    expect(existsSync(join(site.folder, 'gate', 'recent'))).toBe(false);
    expect(camera.status).toMatchObject({ name: 'gate', state: 'ended', pictures: INPUTS.length, events: 1, clips: 1 });
    await camera.close();
  });

  it('shows a model its pictures in the colours and the size that it takes', async () => {
    const site = seam('size');
    const path = join(folder, 'large.mp4');
    const source = ['-f', 'lavfi', '-i', 'color=red:size=322x242:rate=10:duration=2'];
    execFileSync('ffmpeg', ['-loglevel', 'error', ...source, '-pix_fmt', 'yuv444p', path]);
    const camera = new Camera(config(path), site);
    await camera.ended;
    expect([site.problems, camera.status.pictures]).toEqual([[], 4]);
    await camera.close();
  });

  it.skipIf(missingServer !== '')(`follows the stream of GStreamer's RTSP server${missingServer}`, async () => {
    const path = join(folder, 'stream.mkv');
    const encoder = ['-c:v', 'libx264', '-qp', '0', '-g', '5', '-bf', '0', '-pix_fmt', 'yuv420p'];
    const source = video('stream-source.mkv', [...EMPTY.slice(0, 4), 'photo_a', 'photo_a', 'photo_a', ...EMPTY]);
    execFileSync('ffmpeg', ['-loglevel', 'error', '-i', source, '-vf', 'fps=10', ...encoder, path]);
    const server = spawn(PYTHON, [SERVER, path], { stdio: ['pipe', 'pipe', 'inherit'] });
    const gone = new Promise((resolve) => server.on('exit', resolve));
    const [port] = await new Promise<string[]>((resolve) => {
      createInterface({ input: server.stdout }).on('line', (line) => resolve([line]));
    });
    const site = seam('stream');
    let found: (event: CameraEvent) => void = () => {};
    const event = new Promise<CameraEvent>((resolve) => {
      found = resolve;
    });
    const startedMs = Date.now();
    const camera = new Camera(config(`rtsp://127.0.0.1:${port}/camera`), {
      ...site,
      async take(message) {
        await site.take(message);
        const told = site.told.at(-1)!;
        if (told.event !== undefined) found(told.event);
      },
    });
    const { startMs, clip, pictures } = await event;
    expect(pictures).toBeGreaterThanOrEqual(2);
    expect(pictures).toBeLessThanOrEqual(4);
    // Times are those of this machine.
    expect(startMs).toBeGreaterThan(startedMs);
    expect(startMs).toBeLessThan(Date.now());
    expect(clip!.bytes).toBeGreaterThan(1000);
    expect(site.told.length).toBeGreaterThan(8);
    await camera.close();
    server.stdin.end();
    await gone;
  });

  it('tells of an event again until the site has it, over a restart', async () => {
    let full = true;
    const refusing = seam('refused', (message) =>
      full && message.properties.userProperties ? Promise.reject(Object.assign(new Error('full'))) : Promise.resolve(),
    );
    const source = video('again.mkv', INPUTS);
    const first = new Camera(config(source), refusing);
    await first.ended;
    await first.close();
    expect(refusing.ids).toEqual([]);
    const clips = join(refusing.folder, 'gate', 'clips');
    expect(readdirSync(clips).filter((file) => file.endsWith('.pending.json'))).toHaveLength(1);
    // What a crash in the middle of a clip leaves.
    writeFileSync(join(clips, '20260101T000000000Z.mp4.new'), 'half');
    writeFileSync(join(clips, '20260101T000000001Z.mp4'), 'without a description');
    full = false;
    const clock = new VirtualClock();
    const missingFile = new Camera(config(join(folder, 'none.mkv')), { ...refusing, clock });
    clock.advance(60_000);
    await missingFile.close();
    expect(refusing.ids).toHaveLength(1);
    expect(
      readdirSync(clips)
        .map((file) => file.split('.').slice(1).join('.'))
        .sort(),
    ).toEqual(['jpg', 'json', 'mp4']);
  });

  it('deletes clips that are too old or too much, and says so', async () => {
    const source = video('old.mkv', INPUTS);
    const clock = new VirtualClock();
    clock.advance(1_000_000);
    const site = { ...seam('old'), clock };
    const camera = new Camera({ ...config(source), keep: { days: 7, megabytes: 100 } }, site);
    await camera.ended;
    expect(camera.status).toMatchObject({ clips: 1, deleted: 0 });
    clock.advance(8 * 86_400_000);
    await camera.close();
    expect(camera.status).toMatchObject({ clips: 0, bytes: 0, deleted: 1, oldestMs: null });
    expect(readdirSync(join(site.folder, 'gate', 'clips'))).toEqual([]);
    const small = new Camera({ ...config(source), keep: { days: 7, megabytes: 0.000001 } }, seam('much'));
    await small.ended;
    expect(small.status).toMatchObject({ events: 1, clips: 0, deleted: 1 });
    await small.close();
  });

  it.each([
    ['a file that there is not', 'none.mp4', /none\.mp4 can't be read: .*No such file/],
    ['a file that is no video', 'text.mp4', /text\.mp4 can't be read: .*Invalid data/],
    [
      'an address where nothing is',
      'rtsp://user:secret@127.0.0.1:9/stream',
      /rtsp:\/\/127\.0\.0\.1:9\/stream can't be read/,
    ],
  ])('reports %s, and tries again', async (_what, source, expected) => {
    writeFileSync(join(folder, 'text.mp4'), 'no video\n'.repeat(1000));
    const site = seam('bad');
    let told: () => void = () => {};
    const reported = new Promise<void>((resolve) => {
      told = resolve;
    });
    const path = source.includes(':') ? source : join(folder, source);
    const camera = new Camera(config(path), {
      ...site,
      onProblem: (error) => {
        site.onProblem(error);
        told();
      },
    });
    await reported;
    await camera.close();
    expect(site.problems).toEqual([expect.stringMatching(expected)]);
    expect(camera.status.state).toBe('waiting');
  });

  it('opens no address that a file names', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const list = `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:${port}/a.ts\n#EXT-X-ENDLIST\n`;
    const path = join(folder, 'list.m3u8');
    writeFileSync(path, list);
    const problem = new Promise<string>((resolve) => {
      const camera = new Camera(config(path), {
        ...seam('list'),
        onProblem: ({ message }) => {
          resolve(message);
          void camera.close();
        },
      });
    });
    expect(await problem).toMatch(/list\.m3u8 can't be read/);
    expect(connections).toBe(0);
    await new Promise((resolve) => server.close(resolve));
  });

  it('reports a model that takes no pictures', async () => {
    const site = seam('model');
    const words = packagePath('models', 'hello_world', 'model.tflite');
    const problem = new Promise<string>((resolve) => {
      const camera = new Camera(
        { ...config('none.mp4'), model: words },
        {
          ...site,
          onProblem: ({ message }) => {
            resolve(message);
            void camera.close();
          },
        },
      );
    });
    expect(await problem).toMatch(
      /^The camera gate: the model .* has no single int8 input of 1 x height x width x 1 or 3/,
    );
  });
});

it('shows no password of an address', () => {
  expect(shown('rtsp://u:p@host/x and rtsps://a@b/c')).toBe('rtsp://host/x and rtsps://b/c');
});
