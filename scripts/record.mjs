// Records a command's terminal as an animated SVG: node scripts/record.mjs OUT.svg [--columns N --rows N] -- COMMAND...
// Needs `script` (util-linux). Repeated frames take no space; pauses are limited to one second.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import xterm from '@xterm/headless';

const cut = process.argv.indexOf('--');
const [out, ...flags] = process.argv.slice(2, cut);
const option = (name, fallback) => (flags.includes(name) ? Number(flags[flags.indexOf(name) + 1]) : fallback);
if (cut < 0 || !out) {
  console.error('usage: node scripts/record.mjs OUT.svg [--columns N] [--rows N] -- COMMAND...');
  process.exit(2);
}
const command = process.argv.slice(cut + 1).join(' ');
const columns = option('--columns', 96);
const rows = option('--rows', 28);
const frameMs = 300;
const maxPauseMs = 1000;

const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
const palette = [
  '#1b1f24',
  '#f47067',
  '#57ab5a',
  '#e0b354',
  '#6cb6ff',
  '#dcbdfb',
  '#56d4dd',
  '#d0d7de',
  '#7d8590',
  '#ff938a',
  '#8ddb8c',
  '#f2cc60',
  '#96d0ff',
  '#eedcff',
  '#96eaf1',
  '#ffffff',
];

function rowSpans(line) {
  const spans = [];
  for (let x = 0; x < columns; x++) {
    const cell = line?.getCell(x);
    const text = cell?.getChars() || ' ';
    const colour = cell?.isFgPalette() ? palette[cell.getFgColor() % 16] : '#d0d7de';
    const style = `${cell?.isDim() ? 'o' : ''}${cell?.isBold() ? 'b' : ''}`;
    const last = spans.at(-1);
    if (last && last.colour === colour && last.style === style) last.text += text;
    else spans.push({ x, text, colour, style });
  }
  return spans.filter((span) => span.text.trim() !== '');
}

const escapeXml = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const cellWidth = 8.4;
const lineHeight = 18;

/** Each distinct row is defined once and referenced where it occurs. */
const rowIds = new Map();

function rowId(line) {
  const texts = rowSpans(line).map((span) => {
    const text = span.text.trimEnd();
    const x = (span.x * cellWidth).toFixed(1);
    const style = span.style ? ` class="${span.style.split('').join(' ')}"` : '';
    return `<text x="${x}" textLength="${(text.length * cellWidth).toFixed(1)}" fill="${span.colour}"${style}>${escapeXml(text)}</text>`;
  });
  if (texts.length === 0) return null;
  const row = texts.join('');
  if (!rowIds.has(row)) rowIds.set(row, `r${rowIds.size}`);
  return rowIds.get(row);
}

function snapshot() {
  const buffer = terminal.buffer.active;
  let picture = '';
  for (let y = 0; y < rows; y++) {
    const id = rowId(buffer.getLine(buffer.viewportY + y));
    if (id !== null) picture += `<use href="#${id}" y="${(y + 1) * lineHeight - 4}"/>`;
  }
  return picture;
}

const frames = [];
let last = performance.now();
function take() {
  const now = performance.now();
  const picture = snapshot();
  const previous = frames.at(-1);
  if (previous) previous.ms = Math.min(maxPauseMs, previous.ms + (now - last));
  last = now;
  if (previous?.picture !== picture) frames.push({ picture, ms: 0 });
}

const child = spawn('script', ['-qfec', `stty cols ${columns} rows ${rows}; ${command}`, '/dev/null'], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, TERM: 'xterm-256color', COLUMNS: String(columns), LINES: String(rows) },
});
child.stdout.on('data', (chunk) => terminal.write(chunk));
const timer = setInterval(take, frameMs);
child.on('close', (code) => {
  clearInterval(timer);
  terminal.write('', () => {
    take();
    frames.at(-1).ms = 6000;
    const total = frames.reduce((sum, frame) => sum + frame.ms, 0);
    let at = 0;
    const groups = frames.map((frame, i) => {
      const from = (at / total) * 100;
      at += frame.ms;
      const to = (at / total) * 100;
      const hide = to >= 100 ? '' : `${to.toFixed(3)}%{visibility:hidden}`;
      const name = `f${i}`;
      const keys = `@keyframes ${name}{0%{visibility:${from === 0 ? 'visible' : 'hidden'}}${from.toFixed(3)}%{visibility:visible}${hide}}`;
      return {
        css: `${keys}#${name}{animation:${name} ${(total / 1000).toFixed(2)}s step-end infinite}`,
        svg: `<g id="${name}"${i === frames.length - 1 ? '' : ' visibility="hidden"'}>${frame.picture}</g>`,
      };
    });
    const width = Math.ceil(columns * cellWidth) + 32;
    const height = rows * lineHeight + 32;
    writeFileSync(
      out,
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Terminal recording of ${escapeXml(command)}"><style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}.b{font-weight:700}.o{opacity:.65}${groups.map((g) => g.css).join('')}</style><defs>${[...rowIds].map(([row, id]) => `<g id="${id}">${row}</g>`).join('')}</defs><rect width="${width}" height="${height}" rx="10" fill="#0d1117"/><g transform="translate(16 16)">${groups.map((g) => g.svg).join('')}</g></svg>\n`,
    );
    console.log(`${out}: ${frames.length} frames, ${(total / 1000).toFixed(1)} s, exit code ${code}`);
    process.exit(code ?? 1);
  });
});
