/** The build component: from a folder with `mote.json` to what a package holds. */
export { type BuildOptions, type BuildStep, type BuiltApp, buildApp } from './build.ts';
export { type Manifest, type ManifestOverride, parseManifest, readManifest } from './manifest.ts';
