/** Cameras of a site: a model looks at their pictures, and clips of its events are kept. docs/cameras.md. */
export { Camera, type CameraSeam, type CameraStatus } from './camera.ts';
export type { CameraEvent, ClipFile } from './clips.ts';
