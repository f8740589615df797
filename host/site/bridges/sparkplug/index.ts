/** Sparkplug B of a site: the site as an edge node with its devices. docs/sparkplug.md. */
export { EdgeNode, type EdgeSeam, type EdgeStatus } from './edge.ts';
