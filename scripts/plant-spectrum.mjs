// Draws docs/plant-spectrum.svg from samples of the simulated plant: node scripts/plant-spectrum.mjs (after npm run
// setup). The spectrum of a healthy pump and of one whose bearing has a defect of its outer race, and the spectra of
// their envelopes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './run.mjs';

const { BEARINGS, Machine, sensorSource, speedIn } = await import(
  pathToFileURL(join(root, 'dist/host/toolchain/plant/index.js')).href
);

const RATE = 6400;
const POINTS = 8192;
const AVERAGES = 8;
const NOON = 43_200;

function machineWith(severity) {
  const defect = { machine: 'pump', what: 'bearing.outer', fromS: 0, toS: NOON + 600, severity };
  return new Machine({
    name: 'pump',
    kind: 'pump',
    seed: 1,
    startMs: Date.UTC(2026, 0, 5),
    bearing: BEARINGS['SKF 6205-2RS'],
    faults: severity > 0 ? [defect] : [],
  });
}

function fft(re, im) {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) [re[i], re[j], im[i], im[j]] = [re[j], re[i], im[j], im[i]];
  }
  for (let length = 2; length <= n; length <<= 1) {
    for (let i = 0; i < n; i += length) {
      for (let k = 0; k < length / 2; k++) {
        const angle = (-2 * Math.PI * k) / length;
        const [a, b] = [i + k, i + k + length / 2];
        const x = re[b] * Math.cos(angle) - im[b] * Math.sin(angle);
        const y = re[b] * Math.sin(angle) + im[b] * Math.cos(angle);
        [re[b], im[b], re[a], im[a]] = [re[a] - x, im[a] - y, re[a] + x, im[a] + y];
      }
    }
  }
}

/** Amplitudes of the bins, averaged over windows. */
function spectrum(samples) {
  const sum = new Float64Array(POINTS / 2);
  for (let w = 0; w < AVERAGES; w++) {
    const re = Float64Array.from({ length: POINTS }, (_, i) => {
      return samples[w * POINTS + i] * (1 - Math.cos((2 * Math.PI * i) / POINTS));
    });
    const im = new Float64Array(POINTS);
    fft(re, im);
    for (let k = 0; k < POINTS / 2; k++) sum[k] += (2 * Math.hypot(re[k], im[k])) / POINTS / AVERAGES;
  }
  return sum;
}

/** Magnitude of the band around the resonance: what is below is removed, then the sign, then the mean. */
function envelope(samples) {
  const high = samples.map((x, i) => Math.abs(x - 2 * (samples[i - 1] ?? 0) + (samples[i - 2] ?? 0)) / 3);
  const mean = high.reduce((a, b) => a + b, 0) / high.length;
  return high.map((x) => x - mean);
}

function measure(severity) {
  const machine = machineWith(severity);
  const raw = new Int16Array(POINTS * AVERAGES);
  sensorSource(machine, 'accelerometer', RATE, NOON).read(0, raw);
  const samples = Float64Array.from(raw);
  const piece = machine.pieceAt(NOON);
  return {
    shaftHz: speedIn(piece, machine.kind, 1),
    bpfo: machine.frequencies.bpfo,
    plain: spectrum(samples),
    envelope: spectrum(envelope(samples)),
  };
}

const [WIDTH, HEIGHT, LEFT, GAP] = [760, 150, 62, 62];

function panel({ title, curve, maxHz, top, marks }, index) {
  const y0 = 34 + index * (HEIGHT + GAP);
  const width = WIDTH - LEFT - 36;
  const x = (hz) => LEFT + (hz / maxHz) * width;
  const y = (mg) => y0 + HEIGHT - (Math.min(mg, top) / top) * HEIGHT;
  const bins = Math.floor((maxHz * POINTS) / RATE);
  // One point a pixel: the largest bin in it.
  const columns = [];
  for (let px = 0; px < width; px++) {
    const [a, b] = [Math.floor((px * bins) / width), Math.max(1, Math.floor(((px + 1) * bins) / width))];
    columns.push(Math.max(...curve.slice(a, Math.max(b, a + 1))));
  }
  const path = columns.map((mg, px) => `${px === 0 ? 'M' : 'L'}${LEFT + px},${y(mg).toFixed(1)}`).join('');
  const ticks = Array.from({ length: 5 }, (_, i) => (maxHz * i) / 4);
  return [
    `<text x="${LEFT}" y="${y0 - 10}" class="t">${title}</text>`,
    `<path class="a" d="M${LEFT},${y0}V${y0 + HEIGHT}H${LEFT + width}"/>`,
    ...ticks.map((hz) => `<text x="${x(hz)}" y="${y0 + HEIGHT + 16}" class="n" text-anchor="middle">${hz} Hz</text>`),
    ...[0, top / 2, top].map(
      (mg) => `<text x="${LEFT - 6}" y="${y(mg) + 4}" class="n" text-anchor="end">${mg} mg</text>`,
    ),
    ...marks.map(
      ([hz, text]) =>
        `<path class="m" d="M${x(hz).toFixed(1)},${y0}V${y0 + HEIGHT}"/><text x="${(x(hz) + 3).toFixed(1)}" y="${y0 + 10}" class="n">${text}</text>`,
    ),
    `<path class="c" d="${path}"/>`,
  ].join('\n');
}

const [healthy, defective] = [measure(0), measure(0.6)];
const orders = [1, 2, 3].map((n) => [n * defective.bpfo * defective.shaftHz, n === 1 ? 'BPFO' : `${n} BPFO`]);
const panels = [
  { title: 'Healthy: acceleration', curve: healthy.plain, maxHz: 3200, top: 30, marks: [] },
  { title: 'Defect of the outer race: acceleration', curve: defective.plain, maxHz: 3200, top: 30, marks: [] },
  { title: 'Healthy: envelope', curve: healthy.envelope, maxHz: 400, top: 160, marks: orders },
  { title: 'Defect of the outer race: envelope', curve: defective.envelope, maxHz: 400, top: 160, marks: orders },
];
const height = 34 + panels.length * (HEIGHT + GAP);
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Spectra of a healthy pump and of one with a defect of its bearing">
<style>text{font:12px ui-sans-serif,system-ui,sans-serif;fill:#57606a}.t{font-weight:600;font-size:13px}.a{fill:none;stroke:#8c959f}.c{fill:none;stroke:#0969da;stroke-width:1}.m{stroke:#d1242f;stroke-dasharray:3 3}</style>
<rect width="100%" height="100%" fill="#fff"/>
${panels.map(panel).join('\n')}
</svg>
`;
writeFileSync(join(root, 'docs', 'plant-spectrum.svg'), svg);
console.log(`Wrote docs/plant-spectrum.svg: shaft ${healthy.shaftHz.toFixed(2)} Hz`);
