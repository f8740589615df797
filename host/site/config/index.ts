/** The configuration of a site: one file, checked with the place of each mistake. */
export { DEFAULT_CONFIG, type HttpKey, loadConfig, type NamedDecoder, parseConfig, type SiteConfig } from './config.ts';
