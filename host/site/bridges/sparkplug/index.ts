/** Sparkplug B of a site: the site as an edge node with its devices, and as a host application. docs/sparkplug.md. */
export { EdgeNode, type EdgeSeam, type EdgeStatus } from './edge.ts';
export { HostApplication, type HostStatus } from './host.ts';
