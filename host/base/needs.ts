/**
 * Optional programs that tests need besides Node and a C compiler. A test without its program is skipped, and its name
 * contains the reason and how to install it. Not part of the product.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Optional programs, with the Debian package of each. */
const PACKAGES = {
  'arm-none-eabi-gcc': 'gcc-arm-none-eabi libnewlib-arm-none-eabi',
  'arm-none-eabi-objcopy': 'binutils-arm-none-eabi',
  bash: 'bash',
  chromium: 'chromium',
  fish: 'fish',
  mosquitto: 'mosquitto',
  mosquitto_pub: 'mosquitto-clients',
  mosquitto_sub: 'mosquitto-clients',
  openssl: 'openssl',
  prometheus: 'prometheus',
  psql: 'postgresql',
  'qemu-system-arm': 'qemu-system-arm',
  'qemu-system-riscv32': 'qemu-system-misc',
  'riscv64-unknown-elf-gcc': 'gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf',
  'systemd-analyze': 'systemd',
  valgrind: 'valgrind',
  zsh: 'zsh',
} as const;
export type OptionalProgram = keyof typeof PACKAGES;

/** Returns the path of a program, or null. Servers may be in the `sbin` beside a `bin` of the PATH. */
export function findProgram(name: OptionalProgram): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const all = [...folders, ...folders.map((folder) => folder.replace(/\bbin$/, 'sbin'))];
  return all.map((folder) => join(folder, name)).find(existsSync) ?? null;
}

/** The reason to skip a test that needs these programs, such as `needs openssl (apt install openssl)`; null if all are installed. */
export function lacking(...programs: OptionalProgram[]): string | null {
  const missing = programs.filter((program) => findProgram(program) === null);
  if (missing.length === 0) return null;
  const packages = new Set(missing.map((program) => PACKAGES[program]));
  return `needs ${missing.join(', ')} (apt install ${[...packages].join(' ')})`;
}

/** The name of a test, with the reason why it is skipped. */
export function titled(name: string, reason: string | null): string {
  return reason === null ? name : `${name}, skipped: ${reason}`;
}
