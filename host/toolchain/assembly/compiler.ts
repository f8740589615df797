/**
 * All that imports the AssemblyScript compiler or Binaryen. Import it with `loadCompiler` only: both packages are
 * optional.
 */
export { compileAssembly } from './asc.ts';
export { addFuel } from './fuel.ts';
export { addGuard } from './guard.ts';
export { compileModule } from './module.ts';
