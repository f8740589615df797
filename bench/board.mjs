// Instructions of a node on a board, as QEMU counts them: start, link, update, the keyword app on speech, inferences.
// Each run has the same figures. Writes bench/board.json and the table of docs/boards.md. `node bench/board.mjs`; needs
// dist/ (npm run setup).
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../scripts/run.mjs';

const component = (name) => import(pathToFileURL(join(root, 'dist', 'host', name)).href);
const { buildImage, loadBoard, runModelOnBoard, SimClock, startNode } = await component('toolchain/board/index.js');
const { buildApp } = await component('toolchain/build/index.js');
const { buildHarness } = await component('toolchain/compiler/index.js');
const { FileFlash } = await component('device/flash/index.js');
const { VirtualClock } = await component('base/index.js');
const { shimLink, transportPair } = await component('device/link/index.js');
const { provision, wavSource, writeIdentity } = await component('device/node/index.js');
const { buildPackage } = await component('device/package/index.js');
const { PackageSender } = await component('device/update/index.js');

const BOARD = 'mps2-an386';
/** Instructions of TensorFlow Lite Micro with CMSIS-NN, counted in the same way on the same emulator. */
const CMSIS_NN = {
  hello_world: 3_480,
  ad: 582_920,
  micro_speech: 1_494_880,
  kws: 7_698_840,
  person_detect: 22_928_400,
};
const SECOND_US = 1_000_000;
/** Virtual time advances in steps of this size; after each, received messages are checked. */
const TURN_US = 1000;

const board = loadBoard(BOARD);
const { elf } = await buildImage(board, { image: 'agent' });
const app = await buildApp(join(root, 'assembly/apps/keyword'));
const speech = wavSource(readFileSync(join(root, 'recordings/speech/stream.wav')));
/** A fixed key (RFC 8032, section 7.1, test 1), because the cost of a signature depends on its bits. */
const privateKey = createPrivateKey({
  key: Buffer.from(
    '302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'hex',
  ),
  format: 'der',
  type: 'pkcs8',
});
const packageOf = (sequence) => buildPackage({ ...app, sequence, privateKey });

/** A node with the keyword app, a shim that answers it, and their clock. */
class World {
  clock = new VirtualClock();
  got = [];
  bytesIn = 0;
  bytesOut = 0;
  #sender = null;

  async start() {
    this.folder = mkdtempSync(join(tmpdir(), 'mote-bench-'));
    const { bytes: sizeBytes, page: pageBytes, write: writeBytes } = board.flash;
    const flash = FileFlash.open(join(this.folder, 'flash.bin'), { sizeBytes, pageBytes, writeBytes });
    writeIdentity(flash, { id: 'bench', publicKeys: [createPublicKey(privateKey)] });
    provision(flash, 1, packageOf(1));
    flash.close();
    const pair = transportPair(this.clock, { delayMs: 0.5 });
    this.#count(pair);
    let session = 1000;
    this.link = shimLink({
      clock: this.clock,
      newSessionId: () => session++,
      onMessage: (message) => this.#receive(message),
      onDrain: () => this.#feed(),
    });
    this.link.attach(pair.a);
    this.sim = new SimClock({ folder: this.folder, clock: this.clock, transport: pair.b, sensors: [speech] });
    const options = [
      'clock=virtual',
      'side=1',
      'id=bench',
      'seed=1',
      'vitals=86400',
      'sensor=microphone:16000000:1:16000',
    ];
    this.node = await startNode(board, elf, { folder: this.folder, options, icount: true });
    this.node.ended.then(({ output }) => this.sim.fail(new Error(`the node ended: ${output}`)));
  }

  /** Counts the bytes on the wire, from the node's point of view. */
  #count({ a, b }) {
    const [send, answer] = [a.write.bind(a), b.write.bind(b)];
    a.write = (bytes) => {
      this.bytesIn += bytes.length;
      send(bytes);
    };
    b.write = (bytes) => {
      this.bytesOut += bytes.length;
      answer(bytes);
    };
  }

  get instructions() {
    return this.sim.work.totalUs * 1000;
  }

  async runUntil(us, done = () => false) {
    while (this.clock.nowUs() < us && !done()) await this.sim.runUntil(this.clock.nowUs() + TURN_US);
  }

  push(bytes, sequence) {
    this.#sender = new PackageSender({ bytes, sequence, chunkBytes: 1024 });
    this.link.send(this.#sender.offer());
  }

  #receive(message) {
    this.got.push(message);
    if (message.type === 'time?')
      this.link.send({ type: 'time', sentUs: message.sentUs, utcMs: Math.floor(this.clock.nowUs() / 1000) });
    if (message.type === 'ota') this.#sender?.onStatus(message);
    this.#feed();
  }

  #feed() {
    while (this.#sender !== null && this.link.room > 0) {
      const chunk = this.#sender.next();
      if (chunk === null) return;
      this.link.send(chunk);
    }
  }

  async end() {
    this.node.ended.catch(() => {});
    await this.node.kill();
    this.sim.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Runs `work` on a new node after its birth. */
async function withNode(work) {
  const world = new World();
  await world.start();
  try {
    await world.runUntil(5 * SECOND_US, () => world.got.some(({ type }) => type === 'birth'));
    return await work(world);
  } finally {
    await world.end();
  }
}

const start = await withNode((world) => world.instructions);

/** Measures from the third second on, when the window is full and each step runs an inference. */
async function speechOf(world, us, before = () => {}) {
  await world.runUntil(3 * SECOND_US);
  const { instructions, bytesIn, bytesOut } = world;
  before();
  await world.runUntil(3 * SECOND_US + us);
  return {
    instructions: world.instructions - instructions,
    bytesIn: world.bytesIn - bytesIn,
    bytesOut: world.bytesOut - bytesOut,
  };
}

const keyword = await withNode((world) => speechOf(world, SECOND_US));

const COMMANDS = 16;
const asked = await withNode((world) =>
  speechOf(world, SECOND_US, () => {
    for (let id = 1; id <= COMMANDS; id++)
      world.link.send({ type: 'command', id, name: 'none', body: new Uint8Array(16) });
  }),
);
const per = (more, less, count) => Math.round((more - less) / count);
const command = {
  instructions: per(asked.instructions, keyword.instructions, COMMANDS),
  bytesIn: per(asked.bytesIn, keyword.bytesIn, COMMANDS),
  bytesOut: per(asked.bytesOut, keyword.bytesOut, COMMANDS),
};

/** The status with the duration of the swap, measured with the clock of the node's processor. */
const swapOf = (world) => world.got.find((message) => message.type === 'ota' && message.swapUs !== undefined);
const update = await withNode(async (world) => {
  const bytes = packageOf(2);
  const before = world.instructions;
  world.push(bytes, 2);
  await world.runUntil(60 * SECOND_US, () => swapOf(world) !== undefined);
  const swap = swapOf(world);
  if (swap === undefined) throw new Error('the update came to no trial');
  return {
    packageBytes: bytes.length,
    instructions: world.instructions - before,
    swapInstructions: swap.swapUs * 1000,
  };
});

const inferences = {};
for (const name of Object.keys(CMSIS_NN)) {
  const folder = join(root, 'models', name);
  if (!existsSync(folder)) continue;
  const harness = await buildHarness(readFileSync(join(folder, 'model.tflite')));
  const input = readFileSync(join(folder, 'golden', 'in_00.bin'));
  const run = async (accelerated) =>
    (await runModelOnBoard(board, harness, [input, input], { accelerated })).outputs[1].instructions;
  inferences[name] = { accelerated: await run(true), portable: await run(false), cmsisNn: CMSIS_NN[name] };
  console.log(name, inferences[name]);
}

const results = { board: BOARD, start, keyword, command, update, inferences };
writeFileSync(join(root, 'bench', 'board.json'), `${JSON.stringify(results, null, 2)}\n`);
console.log(results);

const number = (value) => value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0 });
const realTime = number(100e6 / keyword.instructions);
const rows = Object.entries(inferences).map(
  ([name, { accelerated, portable, cmsisNn }]) =>
    `| ${name} | ${number(accelerated)} | ${number(cmsisNn)} | ${number(portable)} |`,
);
const text = `| work | instructions |
|---|---|
| from reset to birth: opens the flash, verifies the package, loads the keyword module | ${number(start)} |
| one second of speech in the keyword app: front end, inferences and messages | ${number(keyword.instructions)} (at 100 MHz ${realTime} times real time) |
| a command over the link (${command.bytesIn} bytes in with acknowledgement) and its result (${command.bytesOut} bytes out) | ${number(command.instructions)} |
| an update: ${number(update.packageBytes)} bytes received, programmed, verified, loaded and swapped, while the app runs | ${number(update.instructions)} |
| the swap in this update: from the end of the old module to the end of the new module's first step | ${number(update.swapInstructions)} |

| one inference | native kernels | CMSIS-NN | portable |
|---|---|---|---|
${rows.join('\n')}

Figures that include flash operations contain the cost of the flash emulation, which checks its rules byte by byte.
All figures but those of inferences are multiples of 1000 instructions.
An inference includes the module's own code around the kernels; [kernels.md](kernels.md) has the layers alone.
`;
const path = join(root, 'docs', 'boards.md');
const page = readFileSync(path, 'utf8');
writeFileSync(path, page.replace(/<!-- bench -->[\s\S]*<!-- \/bench -->/, `<!-- bench -->\n${text}<!-- /bench -->`));
