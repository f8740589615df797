/** The process of a site: takes messages, keeps them, and answers questions. */
export type { SiteLog } from './log.ts';
export { Site, type SiteOptions } from './site.ts';
export type { SiteStatus } from './status.ts';
