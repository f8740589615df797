import type { Command } from 'commander';
export function registerShim(_p: Command): void {}
