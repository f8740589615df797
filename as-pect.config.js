// as-pect: unit tests that run as AssemblyScript, beside the code they test. Its flags are target `noCoverage` of asconfig.json.
import { readFileSync } from 'node:fs';

const { imports } = JSON.parse(readFileSync(new URL('abi/abi.json', import.meta.url), 'utf8'));

/** Imports do nothing, but rom: here it is the module's own memory, so a test's rom offset is the address of static data. */
let instance;
const mote = Object.fromEntries(imports.map(({ name, result }) => [name, () => (result === 'i64' ? 0n : 0)]));
mote.rom_read = (offset, dst, length) => {
  new Uint8Array(instance.exports.memory.buffer).copyWithin(dst, offset, offset + length);
  return 0;
};

export default {
  entries: ['assembly/**/*.spec.ts'],
  include: ['node_modules/@as-pect/assembly/assembly/index.ts'],
  disclude: [/node_modules/],
  instantiate: async (memory, createImports, instantiate, binary) => {
    const result = await instantiate(binary, createImports({ env: { memory }, mote }));
    instance = result.instance ?? result;
    return result;
  },
  outputBinary: false,
};
