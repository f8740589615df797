// as-pect: unit tests that run as AssemblyScript, beside the code they test.
const mote = new Proxy({}, { get: () => () => 0, has: () => true });

export default {
  entries: ['assembly/**/*.spec.ts'],
  include: [],
  disclude: [/node_modules/],
  instantiate: (memory, createImports, instantiate, binary) =>
    instantiate(binary, createImports({ env: { memory }, mote })),
  outputBinary: false,
};
