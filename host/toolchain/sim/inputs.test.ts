import { expect, it } from 'vitest';
import { assignInputs, readInputs } from './inputs.ts';

const inputs = (...names: string[]) =>
  readInputs(names.map((name) => `${name === '' ? '' : `${name}=`}sine:rate=10,freq=1,amplitude=1`));
const assigned = (given: string[], opened: string[], exact: boolean) =>
  assignInputs(inputs(...given), opened, { exact }).map(({ name }) => name);

it('an input for a sensor that the app does not open is a mistake, and the message names the closest', () => {
  expect(() => assigned(['gyro', 'mic'], ['mic'], true)).toThrow(
    /^--input gyro=\.\.\.: the app opens no sensor of that name; it opens mic$/,
  );
  expect(() => assigned(['acelerometer'], ['mic', 'accelerometer'], true)).toThrow(
    /it opens mic, accelerometer\. Do you mean accelerometer\?$/,
  );
  expect(() => assigned(['mic'], [], true)).toThrow(/it opens none$/);
});

it('a node that takes updates may have further sensors, but none that looks like one without an input', () => {
  expect(assigned(['gyro', 'mic'], ['mic'], false)).toEqual(['gyro', 'mic']);
  expect(() => assigned(['micc', ''], ['imu', 'micro'], false)).toThrow(/give it samples/);
  expect(() => assigned(['acelerometer'], ['accelerometer'], false)).toThrow(/Do you mean accelerometer\?$/);
});
