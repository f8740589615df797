/** One camera: its video, the model that looks at it, the events that it finds, and their clips. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, MoteError } from '../../../base/index.ts';
import type { Message } from '../../../messaging/queue/index.ts';
import type { CameraConfig } from '../../config/index.ts';
import { type CameraEvent, Clips, type ClipsStatus } from './clips.ts';
import { type Detected, Detector } from './detector.ts';
import { loadPictureModel, type PictureModel } from './model.ts';
import { type Segment, shown, Video } from './video.ts';

/** What a camera needs of its site. */
export interface CameraSeam {
  /** Folder of all cameras. */
  readonly folder: string;
  readonly clock: Clock;
  /** Resolves when the message is durable. */
  take(message: Pick<Message, 'topic' | 'payload' | 'properties'>): Promise<void>;
  onProblem(error: MoteError): void;
  log(fields: object, text: string): void;
}

export interface CameraStatus extends ClipsStatus {
  readonly name: string;
  /** `ended`: a file was read to its end. */
  readonly state: 'starting' | 'online' | 'waiting' | 'ended';
  /** Since the start, as the next ones. */
  readonly pictures: number;
  readonly events: number;
  /** Values of pictures for which the site had no room. */
  readonly dropped: number;
}

const RETRY_MS = { first: 1000, most: 60_000 };
const MAINTAIN_MS = 60_000;

export class Camera {
  readonly #config: CameraConfig;
  readonly #seam: CameraSeam;
  readonly #clips: Clips;
  readonly #detector: Detector;
  #video: Video | undefined;
  #state: CameraStatus['state'] = 'starting';
  #pictures = 0;
  #events = 0;
  #dropped = 0;
  #problem = '';
  /** Segments of the video that a clip may need, oldest first. */
  #segments: Segment[] = [];
  /** Those that a clip is cut from. */
  readonly #held = new Set<Segment>();
  /** Events whose clip needs segments that aren't written yet. */
  #due: Detected[] = [];
  /** UTC of the start of the video, by its latest picture. */
  #originMs = 0;
  #work: Promise<void> = Promise.resolve();
  #closed = false;
  #cancel: () => void = () => {};
  #wake: () => void = () => {};
  readonly #running: Promise<void>;

  constructor(config: CameraConfig, seam: CameraSeam) {
    this.#config = config;
    this.#seam = seam;
    const { beforeSeconds, afterSeconds, maxSeconds } = config.clip;
    this.#detector = new Detector({
      threshold: config.threshold,
      pictures: config.pictures,
      afterMs: afterSeconds * 1000,
      maxMs: (maxSeconds - beforeSeconds - afterSeconds) * 1000,
    });
    this.#clips = new Clips(join(seam.folder, config.name, 'clips'), config.keep);
    this.#maintain();
    this.#running = this.#run();
  }

  get status(): CameraStatus {
    const { name } = this.#config;
    const counts = { pictures: this.#pictures, events: this.#events, dropped: this.#dropped };
    return { name, state: this.#state, ...counts, ...this.#clips.status };
  }

  /** Resolves when the source has ended and its events are stored; for tests, and for a file. */
  get ended(): Promise<void> {
    return this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    this.#wake();
    this.#video?.stop();
    await this.#running;
    await this.#work;
  }

  async #run(): Promise<void> {
    const { source, name } = this.#config;
    const live = /^rtsps?:/.test(source);
    let model: PictureModel | undefined;
    for (let waitMs = RETRY_MS.first; !this.#closed; waitMs = Math.min(waitMs * 2, RETRY_MS.most)) {
      const before = this.#pictures;
      try {
        model ??= await loadPictureModel(this.#config, join(this.#seam.folder, 'models'));
        if (this.#closed) break;
        await this.#watch(model, live);
        if (!live) {
          this.#state = 'ended';
          break;
        }
        this.#report(new MoteError('CAMERA', `${name}: ${shown(source)} has ended`));
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
        this.#report(error);
      }
      if (this.#pictures > before) waitMs = RETRY_MS.first;
      this.#state = 'waiting';
      await this.#sleep(waitMs);
    }
    model?.close();
  }

  /** Resolves when the video has ended and its clips are cut. */
  async #watch(model: PictureModel, live: boolean): Promise<void> {
    const { source, framesPerSecond, name } = this.#config;
    const startedMs = this.#seam.clock.utcMs();
    const folder = join(this.#seam.folder, name, 'recent');
    this.#segments = [];
    const video = new Video({
      source,
      framesPerSecond,
      folder,
      picture: model,
      onPicture: async (picture, index) => {
        if (this.#state !== 'online') {
          this.#state = 'online';
          this.#problem = '';
          this.#seam.log({ camera: name }, `the camera ${name} is online`);
        }
        const timeMs = Math.round((index * 1000) / framesPerSecond);
        // A file is read as fast as possible: its times count from when that began.
        this.#originMs = live ? this.#seam.clock.utcMs() - timeMs : startedMs;
        await this.#see(model.run(picture), timeMs);
      },
      onSegment: (segment) => {
        this.#segments.push(segment);
        this.#cutDue(model, segment.end);
        this.#forget(segment.end);
      },
    });
    this.#video = video;
    try {
      await video.ended;
    } finally {
      this.#video = undefined;
      const last = this.#detector.end();
      if (last !== null) this.#due.push(last);
      this.#cutDue(model, Number.POSITIVE_INFINITY);
      await this.#work;
      // Pictures without an event aren't kept.
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async #see(value: number, timeMs: number): Promise<void> {
    this.#pictures++;
    const ended = this.#detector.take(timeMs, value);
    if (ended !== null) this.#due.push(ended);
    const body = { timeMs: this.#originMs + timeMs, score: Math.round(value * 1000) / 1000 };
    await this.#take(body).catch((error: unknown) => {
      if (!(error instanceof MoteError)) throw error;
      this.#dropped++;
    });
  }

  /** Cuts the clips of events whose segments are all there up to `seconds` of the video. */
  #cutDue(model: PictureModel, seconds: number): void {
    const { beforeSeconds, afterSeconds } = this.#config.clip;
    const due = this.#due.filter(({ endMs }) => endMs / 1000 + afterSeconds <= seconds);
    this.#due = this.#due.filter((one) => !due.includes(one));
    for (const { startMs, endMs, value, peakMs, pictures } of due) {
      this.#events++;
      const origin = this.#originMs;
      const from = startMs / 1000 - beforeSeconds;
      const to = endMs / 1000 + afterSeconds;
      const segments = this.#segments.filter(({ start, end }) => end > from && start < to);
      for (const segment of segments) this.#held.add(segment);
      const event = {
        startMs: origin + startMs,
        endMs: origin + endMs,
        score: Math.round(value * 1000),
        pictures,
        model: model.digest,
      };
      const first = segments[0]?.start ?? 0;
      const cut = {
        segments: segments.map(({ path }) => path),
        startMs: Math.round(origin + first * 1000),
        posterSeconds: Math.max(0, peakMs / 1000 - first),
      };
      this.#work = this.#work.then(async () => {
        try {
          await this.#clips.add(event, cut);
        } catch (error) {
          this.#report(error as MoteError);
          await this.#tell({ ...event, clip: null, poster: null }).catch((cause: MoteError) => this.#report(cause));
        }
        await this.#keepUp();
        for (const segment of segments) this.#held.delete(segment);
      });
    }
  }

  /** Deletes what is too old, and tells the site of the events that it doesn't know yet. */
  async #keepUp(): Promise<void> {
    try {
      this.#clips.retain(this.#seam.clock.utcMs());
      for (const { event, known } of this.#clips.pending()) {
        await this.#tell(event);
        known();
      }
    } catch (error) {
      // Another time: the descriptions stay.
      this.#report(new MoteError('CAMERA', (error as Error).message, { cause: error }));
    }
  }

  #tell(event: CameraEvent): Promise<void> {
    const id = event.clip?.sha256 ?? `${this.#config.name}-${event.startMs}`;
    return this.#take({ timeMs: event.startMs, event }, id);
  }

  /** With an `id` it is a CloudEvent, which the site stores once. */
  #take(body: object, id?: string): Promise<void> {
    const { name } = this.#config;
    const attributes =
      id === undefined
        ? {}
        : { userProperties: { specversion: '1.0', id, source: `/camera/${name}`, type: 'camera.event' } };
    return this.#seam.take({
      topic: `camera/${name}`,
      payload: Buffer.from(JSON.stringify(body)),
      properties: { contentType: 'application/json', ...attributes },
    });
  }

  /** Deletes segments that no clip can need any more, at `seconds` of the video. */
  #forget(seconds: number): void {
    const starts = [...this.#due.map(({ startMs }) => startMs), this.#detector.sinceMs ?? Number.POSITIVE_INFINITY];
    const since = Math.min(seconds, ...starts.map((ms) => ms / 1000)) - this.#config.clip.beforeSeconds;
    this.#segments = this.#segments.filter((segment) => {
      if (segment.end >= since || this.#held.has(segment)) return true;
      rmSync(segment.path, { force: true });
      return false;
    });
  }

  #maintain(): void {
    this.#cancel = this.#seam.clock.after(MAINTAIN_MS, () => {
      this.#work = this.#work.then(() => this.#keepUp());
      if (!this.#closed) this.#maintain();
    });
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#seam.clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Once for each reason, until the camera is online again. */
  #report(error: MoteError): void {
    if (this.#problem === error.message || this.#closed) return;
    this.#problem = error.message;
    this.#seam.onProblem(error);
  }
}
