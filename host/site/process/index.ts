/** The process of a site: takes messages, keeps them, and answers questions. */
export { checkSite, type SiteCheck } from './doctor.ts';
export type { SiteLog } from './log.ts';
export { Site, type SiteOptions } from './site.ts';
export type { SiteStatus } from './status.ts';
export { systemdUnit, type UnitOptions } from './unit.ts';
