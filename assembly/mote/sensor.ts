import {
  sensor_available,
  sensor_frame_bytes,
  sensor_lost,
  sensor_open,
  sensor_rate,
  sensor_read,
  sensor_time,
} from '../abi/module';
import { fits, Samples16 } from '../memory';
import { log } from './log';
import { NAME, writeName } from './names';
import { refuse } from './status';

/**
 * A sensor of the node, represented by its handle: the object needs no memory. Samples wait in a ring buffer on the
 * node; those that aren't read in time are lost. A sample has one little-endian int16 for each channel.
 */
@unmanaged
@final
export class Sensor {
  /**
   * Opens a required sensor: if the node has none of that name, the module refuses to start. Only in `init`; later it
   * returns a sensor that `init` has opened, and traps for any other.
   */
  static open(name: string): Sensor {
    const handle = sensor_open(NAME, writeName(name));
    if (handle < 0) {
      log.error(name);
      log.error('sensor is missing, not allowed or not opened in init, error', handle);
      refuse(handle);
    }
    return changetype<Sensor>(handle + 1);
  }

  /** Opens an optional sensor. Returns null if the node has none of that name or doesn't allow it. */
  static find(name: string): Sensor | null {
    return changetype<Sensor | null>(max(sensor_open(NAME, writeName(name)), -1) + 1);
  }

  /** The handle in the ABI. */
  get handle(): i32 {
    return <i32>changetype<usize>(this) - 1;
  }

  /** Sample rate in millihertz. */
  get rateMilliHz(): i32 {
    return sensor_rate(this.handle);
  }

  /** Bytes of one sample with all its channels. */
  get sampleBytes(): i32 {
    return sensor_frame_bytes(this.handle);
  }

  /** Number of samples waiting. */
  get available(): i32 {
    return sensor_available(this.handle);
  }

  /** Time of the oldest waiting sample, microseconds on the clock of `step`. */
  get time(): i64 {
    return sensor_time(this.handle);
  }

  /** Samples lost since the node started. A change means a gap before the next sample. */
  get lost(): i32 {
    return sensor_lost(this.handle);
  }

  /**
   * Reads up to `samples` samples, oldest first, to the beginning of `to`, and returns how many. Ends the module if `to`
   * is too small for that many samples with all their channels, or if the sensor's ring is. Without `samples`: as many
   * as wait and fit.
   */
  read(to: Samples16, samples: i32 = -1): i32 {
    const channels = this.sampleBytes >> 1;
    // An invalid handle is an error of the host, which reports it.
    if (channels <= 0) return sensor_read(this.handle, to.data, 0);
    if (samples == -1) samples = min(to.length / channels, this.available);
    else fits(samples * channels, to.length);
    return sensor_read(this.handle, to.data, samples);
  }
}
