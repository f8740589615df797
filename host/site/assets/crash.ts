/** For a test that kills processes: what they need in one file. Not part of the product. */
export { SiteStore } from '../store/index.ts';
export { Assets } from './assets.ts';
