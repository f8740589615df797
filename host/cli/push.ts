import type { Command } from 'commander';
export function registerPush(_p: Command): void {}
