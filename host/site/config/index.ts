/** The configuration of a site: one file, checked with the place of each mistake. */
export { DEFAULT_CONFIG, loadConfig, type NamedDecoder, parseConfig, type SiteConfig } from './config.ts';
