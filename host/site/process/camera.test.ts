/** A site with a camera: the values and the event of a video, in its store. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packagePath } from '../../base/index.ts';
import { hasProgram } from '../bridges/camera/testing.ts';
import { TestSite } from './testing.ts';

let test: TestSite;
beforeEach(() => {
  test = new TestSite();
});
afterEach(() => test.delete());

const missing = hasProgram('ffmpeg') ? '' : ' (skipped: ffmpeg is missing; apt-get install ffmpeg)';

it.skipIf(missing !== '')(`stores what a camera finds, and shows its state${missing}`, async () => {
  const golden = readFileSync(packagePath('models', 'person_detect', 'golden', 'in_photo_a.bin'));
  const picture = golden.map((byte) => byte ^ 0x80);
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'gray', '-s', '96x96', '-r', '2', '-i', 'pipe:0'];
  execFileSync('ffmpeg', ['-loglevel', 'error', ...raw, '-c:v', 'ffv1', join(test.dir, 'gate.mkv')], {
    input: Buffer.concat([picture, picture, picture, picture]),
  });
  const model = packagePath('models', 'person_detect', 'model.tflite');
  await test.start(
    `cameras: [{ name: gate, source: gate.mkv, model: "${model}", output: 1, label: person, threshold: 0.4 }]`,
  );
  const state = async () => (await test.request('/api/status')).json.cameras[0];
  await expect.poll(async () => (await state()).state, { timeout: 60_000 }).toBe('ended');
  await test.applied();
  const points = await test.points();
  expect(points).toHaveLength(4);
  for (const point of points) expect(point).toMatch(/^camera\/gate \| score \| {2}\| -3 \| .* \| 484 \| 0$/);
  const { json } = await test.post('/api/query', { query: 'from events by name select count' });
  expect(JSON.stringify(json)).toContain('person');
  expect(await state()).toMatchObject({ name: 'gate', pictures: 4, events: 1, clips: 1, deleted: 0 });
  expect(readdirSync(join(test.dir, 'data', 'cameras', 'gate', 'clips'))).toHaveLength(3);
  expect((await test.request('/metrics')).text).toContain('mote_site_camera_events{camera="gate"} 1');
});
