/** The build component: builds the contents of a package from a folder with `mote.json`. */
export type { Block } from '../assembly/index.ts';
export { type BuildOptions, type BuildStep, type BuiltApp, buildApp, generateSources } from './build.ts';
export { type Manifest, type ManifestOverride, parseManifest, readManifest } from './manifest.ts';
