/** Control characters (C0, DEL, C1), halves of surrogate pairs, and non-characters. */
const NOT_WIRE = '[\\p{Cc}\\p{Cs}\\p{NChar}]';
const HAS_NOT_WIRE = new RegExp(NOT_WIRE, 'u');
const EACH_NOT_WIRE = new RegExp(NOT_WIRE, 'gu');
const RUNS_NOT_WIRE = new RegExp(`${NOT_WIRE}+`, 'gu');

/**
 * Returns whether `text` keeps the rule for text on the wire (docs/spec/link.md, "Text"). MQTT lets a receiver close
 * the connection for any other text (MQTT 5, section 1.5.4). The C twin is `wire_text` of boards/base/utf8.h.
 */
export function isWireText(text: string): boolean {
  return !HAS_NOT_WIRE.test(text);
}

/** The text with U+FFFD for each character that text on the wire can't have. */
export function repairText(text: string): string {
  return text.replace(EACH_NOT_WIRE, '\ufffd');
}

/**
 * Returns `text` as one line of at most `bytes` bytes of UTF-8, cut between characters. Each run of characters that
 * text on the wire can't have becomes one space.
 */
export function clip(text: string, bytes: number): string {
  const line = text.replace(RUNS_NOT_WIRE, ' ');
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

/**
 * Characters that steer a terminal, end a line, or change the direction of what follows: control characters (C0, DEL,
 * C1), separators of lines and paragraphs, and bidirectional overrides.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are replaced
const STEERING = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Text from others as it may be shown on a terminal or in a log: each character that would steer it becomes `\uXXXX`.
 * `keep`: characters that stay as they are. The escapes are those of JSON, so JSON keeps its meaning.
 */
export function printable(text: string, keep = ''): string {
  return text.replace(STEERING, (character) =>
    keep.includes(character) ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Sizes as people read them. 1 KB = 1000 bytes. */
export function formatBytes(bytes: number): string {
  return bytes < 10_000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} KB`;
}
