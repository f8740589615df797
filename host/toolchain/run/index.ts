/** Running an app on a board's own firmware, as a live node on this machine. */
export { BoardNode, type BoardNodeOptions, type Fetched, virtualShim } from './board-node.ts';
export { type NodeTimes, type RunObserver, type RunOptions, type RunResult, runBoard } from './run-board.ts';
