/** Where boards are plugged in: serial ports, and the drives of UF2 bootloaders. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const listed = (folder: string): string[] => {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
};

/** Serial ports of boards on USB: on Linux by their stable names where there are some, on macOS the call-out devices. */
export function serialPorts(dev = '/dev'): string[] {
  const byId = listed(join(dev, 'serial', 'by-id')).map((name) => join(dev, 'serial', 'by-id', name));
  if (byId.length > 0) return byId;
  return listed(dev)
    .filter((name) => /^(ttyACM|ttyUSB|cu\.usb)/.test(name))
    .map((name) => join(dev, name));
}

/** How to make a drive appear. */
export const BOOTLOADER =
  'start the bootloader of the board: hold BOOTSEL while you plug in a Pico; press reset twice on many others';

export interface Drive {
  path: string;
  /** `Board-ID` and `Model` of its INFO_UF2.TXT. */
  board: string;
  model: string;
}

/** Whether a folder is a UF2 bootloader's drive: it has an INFO_UF2.TXT, in upper or lower case. */
export function readDrive(path: string): Drive | null {
  const name = listed(path).find((file) => file.toUpperCase() === 'INFO_UF2.TXT');
  if (name === undefined) return null;
  const text = readFileSync(join(path, name), 'latin1');
  const line = (key: string) => new RegExp(`^${key}: *([ -~]*)`, 'm').exec(text)?.[1]?.trim() ?? '';
  return { path, board: line('Board-ID'), model: line('Model') };
}

/** Where systems mount drives. */
const MOUNTS = ['/media', '/run/media', '/Volumes', '/mnt'];

export function uf2Drives(mounts: readonly string[] = MOUNTS): Drive[] {
  const below = (folder: string) => listed(folder).map((name) => join(folder, name));
  const folders = mounts
    .filter((path) => existsSync(path))
    .flatMap((path) => [path, ...below(path).flatMap((one) => [one, ...below(one)])]);
  return folders.map(readDrive).filter((drive) => drive !== null);
}
