/** Apps: a folder with `mote.json` or a package, loaded, built, signed, and created from a template. */
export type { Block } from '../build/index.ts';
export {
  type App,
  type BuildObserver,
  checkApp,
  checkSettings,
  findPrivateKey,
  isFolder,
  isOwnFolder,
  loadApp,
  packageMaker,
  packageOf,
  type WrittenApp,
  writeApp,
} from './app.ts';
export { createProject, prepareEditor, TEMPLATE_NAMES, TEMPLATES, type Template } from './create-project.ts';
export { keptModule, moduleDigest } from './same-module.ts';
export { raiseSequence } from './sequence.ts';
