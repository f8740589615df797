/** A model report for a terminal: figures, layers, and the memory plan with time downwards and the arena from left to right. */
import { bytesText, countText, type ModelReport, type ReportBlock, shapeText } from './inspect.ts';

export interface TextColours {
  dim(text: string): string;
  bold(text: string): string;
  /** Paints a block by its kind. */
  block(kind: ReportBlock['kind'], text: string): string;
}

const PLAIN: TextColours = { dim: (text) => text, bold: (text) => text, block: (_, text) => text };

const ANSI_OF_KIND: Readonly<Record<ReportBlock['kind'], number>> = { input: 36, output: 32, tensor: 34, scratch: 90 };

export const ANSI: TextColours = {
  dim: (text) => `\u001b[2m${text}\u001b[22m`,
  bold: (text) => `\u001b[1m${text}\u001b[22m`,
  block: (kind, text) => `\u001b[${ANSI_OF_KIND[kind]}m${text}\u001b[39m`,
};

/** The fill character of each kind of block. */
const FILL: Readonly<Record<ReportBlock['kind'], string>> = { input: '▓', output: '▓', tensor: '█', scratch: '░' };
const MIN_WIDTH = 40;

/** Returns lines of at most `width` columns, at least 40. Uses colours only on request. */
export function renderText(report: ModelReport, width = 80, colour = false): string {
  const columns = Math.max(MIN_WIDTH, Math.floor(width));
  const paint = colour ? ANSI : PLAIN;
  return [
    ...summary(report, paint),
    '',
    ...layerTable(report, columns, paint),
    '',
    ...memoryPlan(report, columns, paint),
    '',
  ].join('\n');
}

function summary(report: ModelReport, paint: TextColours): string[] {
  const ends = (tensors: ModelReport['inputs']) =>
    tensors.map(({ shape, type }) => `${shapeText(shape)} ${type}`).join(', ');
  return [
    paint.bold(report.name),
    `  input   ${ends(report.inputs)}`,
    `  output  ${ends(report.outputs)}`,
    `  work    ${countText(report.macs)} multiply-accumulates in ${report.layers.length} layers`,
    `  rom     ${bytesText(report.romBytes)}, in flash`,
    `  arena   ${bytesText(report.arenaBytes)}, in memory`,
    paint.dim(`  sha256  ${report.digest.slice(0, 32)}…`),
  ];
}

function layerTable(report: ModelReport, width: number, paint: TextColours): string[] {
  const head = ['', 'layer', 'output', 'MACs', 'rom', 'arena'];
  const rows = report.layers.map((layer, i) => [
    String(i),
    layer.kernel === null ? `${layer.op} (free)` : layer.op,
    layer.outputs.map(({ shape }) => shapeText(shape)).join(', '),
    layer.macs > 0 ? countText(layer.macs) : '',
    layer.romBytes > 0 ? bytesText(layer.romBytes) : '',
    bytesText(layer.arenaBytes),
  ]);
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  // On a narrow terminal, omit the right columns that the plan below repeats, then cut long names.
  while (widths.length > 3 && widths.reduce((sum, w) => sum + w + 2, 0) > width + 2) widths.pop();
  const line = (row: readonly string[]) =>
    widths.map((w, i) => (i > 0 && i < 3 ? row[i]!.padEnd(w) : row[i]!.padStart(w))).join('  ');
  const cut = (text: string) => (text.length > width ? `${text.slice(0, width - 1)}…` : text).trimEnd();
  const omitted = widths.length < head.length ? '  …' : '';
  return [paint.dim(cut(`${line(head).trimEnd()}${omitted}`)), ...rows.map((row) => cut(line(row)))];
}

function memoryPlan(report: ModelReport, width: number, paint: TextColours): string[] {
  const label = Math.max(2, String(Math.max(report.layers.length - 1, 0)).length);
  const cells = width - label - 3;
  const perCell = Math.max(report.arenaBytes, 1) / cells;
  const scale = `0${bytesText(report.arenaBytes).padStart(cells - 1)}`;
  const edge = (left: string, right: string) => `${' '.repeat(label)} ${left}${'─'.repeat(cells)}${right}`;
  const rows = report.layers.map((_, step) => {
    const line = new Array<string>(cells).fill(' ');
    for (const block of report.plan.filter(({ first, last }) => first <= step && step <= last)) {
      const from = Math.min(cells - 1, Math.floor(block.offset / perCell));
      const to = Math.max(from + 1, Math.min(cells, Math.floor((block.offset + block.bytes) / perCell)));
      const text = blockText(block, to - from, block.first === step);
      for (let i = from; i < to; i++) line[i] = paint.block(block.kind, text[i - from]!);
    }
    return `${String(step).padStart(label)} │${line.join('')}│`;
  });
  return [
    paint.bold('memory plan') + paint.dim('  layers downwards, bytes of the arena from left to right'),
    `${' '.repeat(label + 2)}${paint.dim(scale)}`,
    edge('┌', '┐'),
    ...rows,
    edge('└', '┘'),
    `${' '.repeat(label + 2)}${(['input', 'tensor', 'scratch'] as const).map((kind) => paint.block(kind, `${FILL[kind]} ${kind === 'input' ? 'input, output' : kind}`)).join('   ')}`,
  ];
}

/** A block's row: a left edge, to separate neighbours, and its size in the first row if it fits. */
function blockText(block: ReportBlock, cells: number, begins: boolean): string[] {
  const size = ` ${bytesText(block.bytes)} `;
  const fill = FILL[block.kind].repeat(cells);
  const text = begins && cells >= size.length + 3 ? `${fill[0]}${size}${fill.slice(size.length + 1)}` : fill;
  return cells > 1 ? ['▐', ...text.slice(1)] : [...text];
}
