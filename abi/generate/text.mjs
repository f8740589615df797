/** What the generators of all languages share: names in each language's style, and comments of at most 120 columns. */

const COLUMNS = 120;

/** The first line of each generated file. */
export const note = (source) => `Generated from abi/${source} by abi/generate.mjs. Do not edit.`;

/** `sensor_open` as `sensorOpen`. */
export const camel = (name) => name.replace(/_([a-z0-9])/g, (_, c) => c.toUpperCase());

/** `sensor_open` as `SensorOpen`. */
export const pascal = (name) => camel(`_${name}`);

/** `sensor_open` as `SENSOR_OPEN`. */
export const upper = (name) => name.toUpperCase();

/** Words of `text` in lines of at most `width` columns. */
export function wrap(text, width) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A block comment, which begins with `open`: one line where it fits. */
function comment(text, indent, open) {
  const one = `${indent}${open} ${text} */`;
  if (one.length <= COLUMNS) return [one];
  return [
    `${indent}${open}`,
    ...wrap(text, COLUMNS - indent.length - 3).map((line) => `${indent} * ${line}`),
    `${indent} */`,
  ];
}

/** A doc comment of TypeScript or AssemblyScript. */
export const docComment = (text, indent = '') => comment(text, indent, '/**');

/** A comment of C. */
export const cComment = (text, indent = '') => comment(text, indent, '/*');

/** `lines`, which may be nested, as the text of a file. */
export const fileText = (...lines) => `${lines.flat(Number.POSITIVE_INFINITY).join('\n')}\n`;

/** Rows of a Markdown table below its heads. */
export function table(heads, rows) {
  const row = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [row(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(row)];
}
