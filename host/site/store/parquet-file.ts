/** Files that appear as a whole or not at all, also over a loss of power. */
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../messaging/queue/index.ts';

/** `write` creates the file at the path that it gets, which becomes `path` once it is on the medium. */
export async function wholeFile(path: string, write: (draft: string) => Promise<unknown>): Promise<void> {
  const draft = `${path}.draft`;
  try {
    await write(draft);
    const file = await open(draft, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/** A text as a literal of SQL, for the statements that take no parameters. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** How Parquet is written: small, and in groups that a reader can skip by their statistics. */
export const PARQUET_OPTIONS = 'FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 9, ROW_GROUP_SIZE 65536';
