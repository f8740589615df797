// Writes machine.csv: 12 s of one axis at 1 kHz in mg. Synthetic, from a fixed seed: a motor at 24.5 Hz with two harmonics over
// gravity and sensor noise; from 5 s to 8 s a bearing rings at 157 Hz after each of its shocks, 61 a second.
import { writeFileSync } from 'node:fs';

let state = 20_250_101;
function random() {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32 - 0.5;
}

const rows = ['z_mg'];
for (let i = 0; i < 12_000; i++) {
  const t = i / 1000;
  const turn = 2 * Math.PI * 24.5 * t;
  let mg = 1000 + 110 * Math.sin(turn) + 45 * Math.sin(2 * turn + 0.6) + 20 * Math.sin(3 * turn + 1.9) + 40 * random();
  if (t >= 5 && t < 8) {
    const sinceShock = (t * 61 - Math.floor(t * 61)) / 61;
    mg += 900 * Math.exp(-sinceShock * 160) * Math.sin(2 * Math.PI * 157 * sinceShock);
  }
  rows.push(String(Math.round(mg)));
}
writeFileSync(new URL('machine.csv', import.meta.url), `${rows.join('\n')}\n`);
