/** The process of a site: takes messages, keeps them, and answers questions. */
export { Site, type SiteLog, type SiteOptions } from './site.ts';
export type { SiteStatus } from './status.ts';
