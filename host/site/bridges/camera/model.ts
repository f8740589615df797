/** A model that looks at pictures: compiled once, then run in V8 as the module that a node would run. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { MoteError, readInput } from '../../../base/index.ts';
import { type Instance, loadEngine } from '../../../device/engine/index.ts';
import { buildHarness, type Harness, loadHarness, runModel } from '../../../toolchain/compiler/index.ts';
import type { CameraConfig } from '../../config/index.ts';

/** A change of what is kept raises it. */
const FORM = 1;

export interface PictureModel {
  readonly width: number;
  readonly height: number;
  /** 1: grey; 3: red, green, blue. */
  readonly channels: 1 | 3;
  /** SHA-256 of the model's file, hexadecimal. */
  readonly digest: string;
  /** Takes one byte for each pixel and channel, row by row. Returns the watched output in its own unit. */
  run(picture: Uint8Array): number;
  close(): void;
}

/**
 * Loads the model of a camera. The first time it is compiled, which takes seconds; the result is kept in `folder`.
 * Throws `FILE`, `MODEL_*`, and `CAMERA` for a model that takes no pictures.
 */
export async function loadPictureModel(camera: CameraConfig, folder: string): Promise<PictureModel> {
  const bytes = readInput(camera.model, 'The model');
  const digest = createHash('sha256').update(bytes).digest('hex');
  const harness = await kept(join(folder, `${digest}.${FORM}`), () => buildHarness(bytes));
  const { inputs, outputs } = harness.model;
  const [input] = inputs;
  const [output] = outputs;
  const [batch, height, width, channels] = input?.shape ?? [];
  const bad = (what: string) =>
    new MoteError('CAMERA', `The camera ${camera.name}: the model ${camera.model} ${what}.`);
  if (inputs.length !== 1 || input!.type !== 'int8' || batch !== 1 || (channels !== 1 && channels !== 3))
    throw bad('has no single int8 input of 1 x height x width x 1 or 3');
  if (output === undefined || output.type !== 'int8' || camera.output >= output.bytes)
    throw bad(`has no int8 output with an element ${camera.output}`);
  const scale = output.scales[0] ?? 1;
  const zero = output.zeroPoints[0] ?? 0;
  const instance: Instance = loadHarness(harness, await loadEngine('v8'));
  const quantized = new Uint8Array(input!.bytes);
  return {
    width: width!,
    height: height!,
    channels,
    digest,
    run(picture) {
      // A pixel of 0 to 255 is an int8 of -128 to 127, as such models are trained.
      for (let i = 0; i < quantized.length; i++) quantized[i] = picture[i]! ^ 0x80;
      const value = runModel(instance, harness, quantized)[camera.output]!;
      return (((value << 24) >> 24) - zero) * scale;
    },
    close: () => instance.close(),
  };
}

/** What `make` returns, from a file if it is there. */
async function kept(path: string, make: () => Promise<Harness>): Promise<Harness> {
  if (existsSync(path)) return deserialize(readFileSync(path)) as Harness;
  const made = await make();
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(`${path}.new`, serialize(made));
  renameSync(`${path}.new`, path);
  return made;
}
