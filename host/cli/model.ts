import type { Command } from 'commander'; export function registerModel(_p: Command): void {}
