/** Watching nodes live, on a broker or on a line of their own. */
export { type LineMonitor, type LineMonitorOptions, type MonitorOptions, monitorLine, monitorNode } from './monitor.ts';
export { type NodeObserver, type WatchOptions, watchNodes } from './watch.ts';
