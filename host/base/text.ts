/** Returns `text` as one line of at most `bytes` bytes of UTF-8, cut between characters. */
export function clip(text: string, bytes: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are replaced
  const line = text.replace(/[\u0000-\u001f\u007f]+/g, ' ');
  if (Buffer.byteLength(line) <= bytes) return line;
  let end = 0;
  let used = 0;
  for (const character of line) {
    used += Buffer.byteLength(character);
    if (used > bytes) break;
    end += character.length;
  }
  return line.slice(0, end);
}

/** Sizes as people read them. 1 KB = 1000 bytes. */
export function formatBytes(bytes: number): string {
  return bytes < 10_000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} KB`;
}
