/** Inputs of simulated sensors: recordings (WAV, CSV) and generators. All are functions of the sample's index. */
import { NodeConstant } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import type { SensorSource } from './sensor.ts';

const I16_MIN = -32_768;
const I16_MAX = 32_767;
const MAX_CHANNELS = NodeConstant.sensorChannels;

function saturate(value: number): number {
  return Math.max(I16_MIN, Math.min(I16_MAX, Math.round(value)));
}

/** A source of interleaved samples. */
export function samplesSource(samples: Int16Array, rateHz: number, channels = 1): SensorSource {
  return {
    rateMilliHz: Math.round(rateHz * 1000),
    channels,
    length: Math.floor(samples.length / channels),
    read: (index, out) => out.set(samples.subarray(index * channels, index * channels + out.length)),
  };
}

function bad(format: 'WAV' | 'CSV' | 'MIX', what: string): MoteError {
  return new MoteError(`SOURCE_${format}`, what);
}

/**
 * A WAV recording (RIFF, 16-bit PCM, 1 to 64 channels). Throws `SOURCE_WAV` for anything else. Format: IBM and
 * Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", 1991.
 */
export function wavSource(bytes: Uint8Array): SensorSource {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const tag = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || tag(0) !== 'RIFF' || tag(8) !== 'WAVE') {
    throw bad('WAV', 'This is not a WAV file; use one with 16-bit PCM samples.');
  }
  let format: { rateHz: number; channels: number } | null = null;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    const start = at + 8;
    if (start + size > bytes.length) {
      throw bad('WAV', `The WAV file ends inside its '${tag(at)}' chunk; it was truncated; record or copy it again.`);
    }
    if (tag(at) === 'fmt ') format = wavFormat(new DataView(bytes.buffer, bytes.byteOffset + start, size));
    if (tag(at) === 'data') {
      if (format === null)
        throw bad('WAV', 'The WAV file has samples before their format; write it with another tool.');
      return wavSamples(new DataView(bytes.buffer, bytes.byteOffset + start, size), format);
    }
    // Chunks begin at even offsets.
    at = start + size + (size & 1);
  }
  throw bad('WAV', 'The WAV file holds no samples.');
}

const PCM = 1;
const EXTENSIBLE = 0xfffe;

function wavFormat(view: DataView): { rateHz: number; channels: number } {
  if (view.byteLength < 16) throw bad('WAV', 'The WAV file has a format chunk that is too short.');
  let kind = view.getUint16(0, true);
  if (kind === EXTENSIBLE && view.byteLength >= 26) kind = view.getUint16(24, true);
  const channels = view.getUint16(2, true);
  const rateHz = view.getUint32(4, true);
  const bits = view.getUint16(14, true);
  if (kind !== PCM || bits !== 16) {
    throw bad('WAV', `The WAV file has ${bits}-bit samples of format ${kind}; convert it to 16-bit PCM.`);
  }
  if (channels < 1 || channels > MAX_CHANNELS || rateHz < 1 || rateHz > 1_000_000) {
    throw bad(
      'WAV',
      `The WAV file has ${channels} channels at ${rateHz} Hz; 1 to 64 channels at 1 Hz to 1 MHz are possible.`,
    );
  }
  return { rateHz, channels };
}

function wavSamples(view: DataView, { rateHz, channels }: { rateHz: number; channels: number }): SensorSource {
  const count = Math.floor(view.byteLength / 2 / channels);
  const samples = new Int16Array(count * channels);
  for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(i * 2, true);
  return samplesSource(samples, rateHz, channels);
}

export interface CsvOptions {
  rateHz: number;
  /** Sample value = number x scale, rounded; default 1. */
  scale?: number;
  /** Columns by name from the first line, or by number from 0; default: all. */
  columns?: (string | number)[];
  separator?: string;
}

/**
 * A CSV recording: one sample a line, one channel a column. A first line that isn't numeric names the columns. Throws
 * `SOURCE_CSV`.
 */
export function csvSource(text: string, options: CsvOptions): SensorSource {
  const separator = options.separator ?? ',';
  const scale = options.scale ?? 1;
  const lines = text.split(/\r?\n/);
  const cells = (line: string) => line.split(separator).map((cell) => cell.trim());
  const first = cells(lines[0] ?? '');
  const named = first.some((cell) => cell !== '' && !Number.isFinite(Number(cell)));
  const columns = (options.columns ?? first.map((_, i) => i)).map((column) => {
    const index = typeof column === 'number' ? column : first.indexOf(column);
    if (index < 0 || index >= first.length) {
      throw bad('CSV', `The CSV file has no column '${column}'; it has ${named ? first.join(', ') : first.length}.`);
    }
    return index;
  });
  if (columns.length > MAX_CHANNELS) throw bad('CSV', `${columns.length} columns are too many; choose up to 64.`);
  const values: number[] = [];
  for (let n = named ? 1 : 0; n < lines.length; n++) {
    const line = lines[n]!;
    if (line.trim() === '') continue;
    const row = cells(line);
    for (const column of columns) values.push(csvValue(row[column], scale, n + 1));
  }
  if (values.length === 0) throw bad('CSV', 'The CSV file holds no samples.');
  return samplesSource(Int16Array.from(values), options.rateHz, columns.length);
}

function csvValue(cell: string | undefined, scale: number, line: number): number {
  const value = cell === undefined || cell === '' ? Number.NaN : Math.round(Number(cell) * scale);
  if (Number.isNaN(value))
    throw bad('CSV', `Line ${line} of the CSV file has '${cell ?? ''}' where a number should be.`);
  if (value < I16_MIN || value > I16_MAX) {
    throw bad(
      'CSV',
      `Line ${line} of the CSV file results in ${value}, which isn't a 16-bit sample; choose a smaller scale.`,
    );
  }
  return value;
}

export interface Shape {
  rateHz: number;
  /** Number of channels, which all get the same value; default 1. */
  channels?: number;
  /** Number of samples; endless by default. */
  samples?: number;
}

/** A source from any function of the sample's index. Values are rounded and saturate at int16. */
export function generated({ rateHz, channels = 1, samples }: Shape, value: (index: number) => number): SensorSource {
  return {
    rateMilliHz: Math.round(rateHz * 1000),
    channels,
    length: samples ?? null,
    read(index, out) {
      for (let i = 0; i < out.length; i += channels) out.fill(saturate(value(index + i / channels)), i, i + channels);
    },
  };
}

export function constant(shape: Shape, value: number): SensorSource {
  return generated(shape, () => value);
}

export function sine(shape: Shape & { frequencyHz: number; amplitude: number; offset?: number }): SensorSource {
  const { rateHz, frequencyHz, amplitude, offset = 0 } = shape;
  return generated(shape, (index) => offset + amplitude * Math.sin((2 * Math.PI * frequencyHz * index) / rateHz));
}

/** Uniform noise in -amplitude..amplitude; the same for the same seed. */
export function noise(shape: Shape & { amplitude: number; seed: number }): SensorSource {
  return generated(shape, (index) => shape.amplitude * (2 * hash(shape.seed, index) - 1));
}

/** Maps a seed and an index to 0 <= x < 1 (the finalizer of MurmurHash3, A. Appleby). */
function hash(seed: number, index: number): number {
  let h = Math.imul(seed, 0x9e37_79b1) ^ index;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 0x1_0000_0000;
}

/** Sum of two sources, as long as the first; both need equal rates and channels. Throws `SOURCE_MIX`. */
export function mix(a: SensorSource, b: SensorSource): SensorSource {
  if (a.rateMilliHz !== b.rateMilliHz || a.channels !== b.channels) {
    throw bad(
      'MIX',
      'Only sources of the same rate and channels can be mixed; generate the second one like the first.',
    );
  }
  return {
    ...a,
    read(index, out) {
      a.read(index, out);
      const count = Math.min(out.length / b.channels, Math.max((b.length ?? Number.POSITIVE_INFINITY) - index, 0));
      const other = new Int16Array(count * b.channels);
      b.read(index, other);
      for (let i = 0; i < other.length; i++) out[i] = saturate(out[i]! + other[i]!);
    },
  };
}

/** Repeats a source that ends, endlessly. */
export function repeat(source: SensorSource): SensorSource {
  const { length, channels } = source;
  if (length === null || length === 0) return source;
  return {
    ...source,
    length: null,
    read(index, out) {
      for (let done = 0; done < out.length; ) {
        const from = (index + done / channels) % length;
        const end = Math.min(out.length, done + (length - from) * channels);
        source.read(from, out.subarray(done, end));
        done = end;
      }
    },
  };
}
