/** What the server of `mote sim --open` sends to the page. Times are seconds on the node's clock. */

export interface RunInfo {
  /** Counts the runs of one page from 1. */
  id: number;
  app: string;
  version: string;
  node: string;
  engine: string;
  /** Linear memory, read-only data and code of the module. */
  memoryBytes: number;
  romBytes: number;
  codeBytes: number;
  sensors: { name: string; rateHz: number; channels: number }[];
}

/** A row of the page. `lines` have values over time; a `map` is a picture with time from left to right. */
export interface TrackInfo {
  id: string;
  name: string;
  unit: string;
  group: 'sensor' | 'metric' | 'tap' | 'node';
  /** Names of the lines; none for a map. */
  lines: string[];
  /** A value holds until the next one. */
  steps: boolean;
}

export interface Entry {
  t: number;
  kind: 'event' | 'log' | 'state';
  /** Name of an event, level of a log line, kind of a state. */
  name: string;
  /** Body of an event as JSON, text of a log line, JSON of a state. */
  text: string;
  /** Number of an event. */
  seq?: number;
}

export interface Counts {
  steps: number;
  faults: number;
  /** Largest fuel of one step. */
  maxFuel: number;
  sensors: Record<string, { produced: number; read: number; lost: number; waiting: number }>;
}

/** One message of the live stream. */
export interface Live {
  run: number;
  /** Only when it has changed since the last message on this stream. */
  info?: RunInfo;
  tracks?: TrackInfo[];
  t: number;
  ended: boolean;
  /** The app could not be built or started. */
  failed: boolean;
  counts: Counts | null;
  /** New since the last message on this stream. */
  entries: Entry[];
  /** Entries that the server no longer has. */
  dropped: number;
}

export interface LineData {
  id: string;
  /** Times come in pairs, which have the least and the greatest value of the time up to the next pair. */
  pairs: boolean;
  x: number[];
  /** One list for each line of the track, each as long as `x`. */
  y: number[][];
}
export interface MapData {
  id: string;
  /** Start of each column. */
  x: number[];
  rows: number;
  /** What the bottom and the top of the axis are called. */
  labels: [string, string];
  /** Base64: a byte for each row of each column. */
  pixels: string;
}

export interface RangeData {
  from: number;
  to: number;
  lines: LineData[];
  maps: MapData[];
}

/** A buffer that the module showed, at or before a time. */
export interface TapData {
  name: string;
  t: number;
  /** Number of the buffer, and how many there are. */
  index: number;
  count: number;
  /** Base64. */
  bytes: string;
}

/** The module's linear memory at or before a time. */
export interface MemoryData {
  t: number;
  /** Base64. */
  bytes: string;
  /** Ranges that differ from the recording before: start and end. */
  changed: [number, number][];
}

export interface CursorData {
  taps: TapData[];
  memory: MemoryData | null;
}

/** Element type of a tap. */
export type TapFormat = 'int8' | 'uint8' | 'int16' | 'int32' | 'float32';
