import { describe, expect, it } from 'vitest';
import { nearest } from '../../base/index.ts';
import { misspeltSensors } from './sensor-names.ts';

describe('a build warns of a sensor', () => {
  it.each([
    ['acelerometer', 'accelerometer'],
    ['Microphone', 'microphone'],
    ['micropone-2', 'microphone'],
  ])('%s, which may be %s', (name, usual) => {
    expect(misspeltSensors(['imu', name])).toEqual([
      `the app opens the sensor '${name}': is it '${usual}'? A node finds a sensor by its exact name`,
    ]);
  });

  it('and of no other name', () => {
    expect(misspeltSensors(['accelerometer', 'accelerometer2', 'microphone-1', 'mic', 'imu', 'tank level'])).toEqual(
      [],
    );
  });
});

it('the nearest word is at most two letters or a third of the word away', () => {
  const known = ['press', 'pressure', 'gain'];
  expect(['presure', 'pres', 'gian', 'gani', 'gai', 'x', ''].map((word) => nearest(word, known))).toEqual([
    'pressure',
    'press',
    null,
    null,
    'gain',
    null,
    null,
  ]);
  expect(nearest('press', [])).toBeNull();
});
