/** Cameras in `site.yaml`. docs/cameras.md. */
import { resolve } from 'node:path';
import type { Wrong } from './place.ts';

export interface CameraConfig {
  readonly name: string;
  /** An `rtsp://` or `rtsps://` address, or the absolute path of a video file. */
  readonly source: string;
  /** Absolute path of a `.tflite` file. */
  readonly model: string;
  /** The element of the model's first output that is watched. */
  readonly output: number;
  /** Name of the events. */
  readonly label: string;
  /** Pictures that the model gets in a second. */
  readonly framesPerSecond: number;
  /** From this value of the output on, in the model's own unit, a picture counts. */
  readonly threshold: number;
  /** Pictures one after another that begin an event. */
  readonly pictures: number;
  readonly clip: { readonly beforeSeconds: number; readonly afterSeconds: number; readonly maxSeconds: number };
  readonly keep: { readonly days: number; readonly megabytes: number };
}

/** What the file may leave out. */
export interface RawCamera {
  name: string;
  source: string;
  model: string;
  output: number;
  label: string;
  framesPerSecond?: number;
  threshold: number;
  pictures?: number;
  clip?: Partial<CameraConfig['clip']>;
  keep?: Partial<CameraConfig['keep']>;
}

const CLIP = { beforeSeconds: 5, afterSeconds: 5, maxSeconds: 60 };
const KEEP = { days: 7, megabytes: 1024 };

/** Throws what `wrong` makes. */
export function readCameras(raw: readonly RawCamera[], folder: string, wrong: Wrong): CameraConfig[] {
  const names = new Set<string>();
  return raw.map((camera, i) => {
    const keys = ['cameras', String(i)];
    if (names.has(camera.name)) throw wrong([...keys, 'name'], 'is the name of an earlier camera');
    names.add(camera.name);
    const address = /^rtsps?:\/\//.test(camera.source);
    // ffmpeg has protocols that read any file or fetch any address, also from within a playlist.
    if (!address && /^[a-z0-9+,-]+:/i.test(camera.source))
      throw wrong([...keys, 'source'], 'is neither rtsp:// nor rtsps:// nor the path of a file');
    const clip = { ...CLIP, ...camera.clip };
    if (clip.maxSeconds <= clip.beforeSeconds + clip.afterSeconds)
      throw wrong([...keys, 'clip'], 'needs a maxSeconds above the sum of beforeSeconds and afterSeconds');
    return {
      ...camera,
      source: address ? camera.source : resolve(folder, camera.source),
      model: resolve(folder, camera.model),
      framesPerSecond: camera.framesPerSecond ?? 2,
      pictures: camera.pictures ?? 2,
      clip,
      keep: { ...KEEP, ...camera.keep },
    };
  });
}

/** The decoder of each camera, whose messages have the topic `camera/NAME`. */
export function cameraDecoders(cameras: readonly CameraConfig[]) {
  return cameras.map(({ name, label }) => ({
    // A name of a user's decoder has no space.
    name: `camera ${name}`,
    topics: [`camera/${name}`],
    decoder: {
      kind: 'json',
      version: 1,
      options: {
        device: { topic: [0, 1] },
        time: { at: '/timeMs', format: 'ms' },
        fields: [
          { at: '/score', name: 'score', exponent: -3 },
          { at: '/event', name: label, type: 'event' },
        ],
      },
    },
  }));
}
