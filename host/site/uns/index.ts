/** The unified namespace of a site: what its devices report, by the assets at which they are. */
export { type Publish, UnifiedNamespace, type UnsOptions, type UnsStats } from './uns.ts';
