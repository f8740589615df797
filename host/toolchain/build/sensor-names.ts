/** Names of sensors that look like a misspelt usual one. A node finds a sensor by its exact name. */
import { nearest } from '../../base/index.ts';

/** What the boards, the templates and the examples call their sensors, and what others would. */
const USUAL = [
  'accelerometer',
  'analog',
  'current',
  'gyroscope',
  'humidity',
  'magnetometer',
  'microphone',
  'pressure',
  'temperature',
  'voltage',
];

/** A warning for each name that is close to a usual one. */
export function misspeltSensors(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    // Several sensors of a kind have numbers.
    const kind = name.replace(/[-_.]?\d+$/, '');
    const usual = nearest(kind, USUAL);
    if (usual === null || usual === kind) return [];
    return `the app opens the sensor '${name}': is it '${usual}'? A node finds a sensor by its exact name`;
  });
}
