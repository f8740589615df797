/** A model report as one self-contained page: no script, no external resource, light and dark, phone to desktop. */
import {
  bytesText,
  countText,
  type ModelReport,
  type ReportBlock,
  type ReportLayer,
  type ReportTensor,
  shapeText,
} from './inspect.ts';
import { STYLE } from './report-style.ts';

/** Size of the drawing's coordinate system; it scales with the page. */
const PLOT = { width: 960, height: 420, left: 64, right: 12, top: 12, bottom: 34 } as const;
/** Smaller blocks would be invisible. */
const MIN_HEIGHT = 3;
/** Approximate width of a character in the drawing's labels. */
const CHARACTER = 6.4;

export function renderHtml(report: ModelReport): string {
  const title = escapeHtml(report.name);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}: model report</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${title}</h1>
<p class="digest"><span>SHA-256</span> <code>${escapeHtml(report.digest)}</code></p>
</header>
${figures(report)}
${ends(report)}
<section aria-labelledby="plan">
<h2 id="plan">Memory plan</h2>
<p class="says">One arena of ${bytesText(report.arenaBytes)} holds every tensor and scratch buffer. Layers run from left to right; a block is as wide as it lives and as high as it is large.</p>
${legend()}
<figure class="plot" tabindex="0">${drawing(report)}</figure>
</section>
<section aria-labelledby="layers">
<h2 id="layers">Layers</h2>
${layers(report)}
</section>
</main>
</body>
</html>
`;
}

function figures(report: ModelReport): string {
  const all: [string, string, string][] = [
    [bytesText(report.arenaBytes), 'arena', 'memory for activations'],
    [bytesText(report.romBytes), 'rom', 'weights and tables, in flash'],
    [countText(report.macs), 'MACs', 'multiply-accumulates a run'],
    [String(report.layers.length), 'layers', `from a file of ${bytesText(report.fileBytes)}`],
  ];
  return `<dl class="figures">${all.map(([value, name, says]) => `<div><dt>${name}</dt><dd>${value}<small>${says}</small></dd></div>`).join('')}</dl>`;
}

function ends(report: ModelReport): string {
  const list = (title: string, tensors: readonly ReportTensor[]) =>
    `<div><h2>${title}</h2><ul>${tensors.map((tensor) => `<li><b>${shapeText(tensor.shape)}</b> ${escapeHtml(tensor.type)} <span>${scaleText(tensor)}</span></li>`).join('')}</ul></div>`;
  return `<section class="ends" aria-label="Inputs and outputs">${list('Input', report.inputs)}${list('Output', report.outputs)}</section>`;
}

function scaleText({ scale, scales, zeroPoint }: ReportTensor): string {
  if (scale === null) return '';
  if (scales > 1) return `${scales} scales`;
  const zero = zeroPoint ?? 0;
  const centred = zero === 0 ? 'q' : `(q ${zero < 0 ? '+' : '−'} ${Math.abs(zero)})`;
  return `${Number(scale.toPrecision(6))} · ${centred}`;
}

const KINDS: readonly [ReportBlock['kind'], string][] = [
  ['input', 'model input'],
  ['tensor', 'tensor'],
  ['output', 'model output'],
  ['scratch', 'scratch: weights on their way from rom'],
];

function legend(): string {
  return `<ul class="legend">${KINDS.map(([kind, says]) => `<li><i class="${kind}"></i>${says}</li>`).join('')}</ul>`;
}

function drawing(report: ModelReport): string {
  const { width, height, left, right, top, bottom } = PLOT;
  const steps = Math.max(report.layers.length, 1);
  const arena = Math.max(report.arenaBytes, 1);
  const stepWidth = (width - left - right) / steps;
  const byteHeight = (height - top - bottom) / arena;
  const x = (step: number) => left + step * stepWidth;
  const y = (bytes: number) => height - bottom - bytes * byteHeight;
  const grid = ticks(arena).map(
    (bytes) =>
      `<path class="grid" d="M${left} ${fixed(y(bytes))}H${width - right}"/><text class="axis" text-anchor="end" x="${left - 8}" y="${fixed(y(bytes) + 4)}">${bytesText(bytes)}</text>`,
  );
  const every = Math.max(1, Math.ceil(24 / stepWidth));
  const numbers = report.layers.map((_, i) =>
    i % every === 0
      ? `<text class="axis" text-anchor="middle" x="${fixed(x(i + 0.5))}" y="${height - bottom + 18}">${i}</text>`
      : '',
  );
  const blocks = report.plan.map((block) => {
    const box = {
      x: x(block.first) + 1,
      y: Math.min(y(block.offset + block.bytes) + 0.5, y(block.offset) - MIN_HEIGHT),
      width: Math.max((block.last - block.first + 1) * stepWidth - 2, 1),
      height: Math.max(block.bytes * byteHeight - 1, MIN_HEIGHT),
    };
    const during = block.first === block.last ? `layer ${block.first}` : `layers ${block.first} to ${block.last}`;
    const says = `${block.name}: ${bytesText(block.bytes)} at ${block.offset}, ${during}`;
    const radius = Math.min(3, box.width / 4, box.height / 4);
    return `<g class="block ${block.kind}"><title>${escapeHtml(says)}</title><rect x="${fixed(box.x)}" y="${fixed(box.y)}" width="${fixed(box.width)}" height="${fixed(box.height)}" rx="${fixed(radius)}"/>${blockLabel(block, box)}</g>`;
  });
  const label = `Memory plan: ${report.plan.length} blocks in ${bytesText(report.arenaBytes)} over ${report.layers.length} layers; the table below says what each layer needs`;
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(label)}">${grid.join('')}${blocks.join('')}<path class="base" d="M${left} ${y(0)}H${width - right}"/>${numbers.join('')}</svg>`;
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Name and size where both fit, else the size, else nothing. */
function blockLabel(block: ReportBlock, box: Box): string {
  if (box.height < 15) return '';
  const size = bytesText(block.bytes);
  const room = Math.floor((box.width - 12) / CHARACTER);
  const middle = fixed(box.x + box.width / 2);
  const line = (text: string, at: number, kind: string) =>
    `<text class="${kind}" text-anchor="middle" x="${middle}" y="${fixed(at)}">${escapeHtml(text)}</text>`;
  const centre = box.y + box.height / 2;
  const name = block.kind === 'scratch' ? 'scratch' : block.name;
  if (box.height >= 34 && room >= Math.max(size.length, 6)) {
    const shown = name.length > room ? `${name.slice(0, room - 1)}…` : name;
    return line(shown, centre - 3, 'name') + line(size, centre + 12, 'size');
  }
  return room >= size.length ? line(size, centre + 4, 'size') : '';
}

/** Round numbers of bytes, about five of them. */
function ticks(arena: number): number[] {
  const rough = arena / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= rough) ?? rough);
  return Array.from({ length: Math.floor(arena / step) + 1 }, (_, i) => i * step);
}

function layers(report: ModelReport): string {
  const most = Math.max(1, ...report.layers.map(({ macs }) => macs));
  const head =
    '<tr><th scope="col">#</th><th scope="col">Layer</th><th scope="col">Output</th><th scope="col">Scale</th><th scope="col" class="number">MACs</th><th scope="col" class="number">Rom</th><th scope="col" class="number">Arena</th></tr>';
  return `<div class="table" tabindex="0" role="region" aria-label="Layers, scrolls sideways"><table><thead>${head}</thead><tbody>${report.layers.map((layer, i) => layerRow(layer, i, most)).join('')}</tbody></table></div>`;
}

function layerRow(layer: ReportLayer, index: number, mostMacs: number): string {
  const output = layer.outputs[0];
  const share = Math.round((100 * layer.macs) / mostMacs);
  const bar = layer.macs > 0 ? `<i class="bar" style="width:${share}%"></i>` : '';
  const kernel = layer.kernel === null ? 'free: renames memory' : layer.kernel;
  const cells = [
    `<td class="index">${index}</td>`,
    `<th scope="row">${escapeHtml(layer.op)}<small>${escapeHtml(kernel)} · ${escapeHtml(layer.name)}</small></th>`,
    `<td>${layer.inputs.map(({ shape }) => shapeText(shape)).join(', ')} <span class="to">→</span> <b>${output ? shapeText(output.shape) : ''}</b></td>`,
    `<td>${output ? scaleText(output) : ''}</td>`,
    `<td class="number">${layer.macs > 0 ? countText(layer.macs) : '–'}${bar}</td>`,
    `<td class="number">${layer.romBytes > 0 ? bytesText(layer.romBytes) : '–'}</td>`,
    `<td class="number">${bytesText(layer.arenaBytes)}</td>`,
  ];
  return `<tr>${cells.join('')}</tr>`;
}

function fixed(value: number): string {
  return String(Number(value.toFixed(2)));
}

/** Escapes text, also for attributes in double quotes. Names are from model files, which are untrusted. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
