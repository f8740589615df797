/** Top-level code of an app. A module has no start function, so that no code runs before a host's limits apply. */
import binaryen from 'binaryen';

/**
 * Export under which asc puts top-level code instead of a start function: `exportStart` of target `release` in
 * asconfig.json.
 */
const START = 'mote_start';
const INIT = 'init';
/** No file's function can have this name. */
const BOTH = '~start and init';

/** Lets `init` begin with the top-level code of all files. */
export function moveStartIntoInit(module: InstanceType<typeof binaryen.Module>): void {
  const start = module.getExport(START);
  if (start === 0) return;
  const init = module.getExport(INIT);
  const calls = [
    module.call(binaryen.getExportInfo(start).value, [], binaryen.none),
    module.call(binaryen.getExportInfo(init).value, [], binaryen.i32),
  ];
  module.addFunction(BOTH, binaryen.none, binaryen.i32, [], module.block(null, calls, binaryen.i32));
  module.removeExport(START);
  module.removeExport(INIT);
  module.addFunctionExport(BOTH, INIT);
}
