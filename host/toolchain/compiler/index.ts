/** The compiler: `.tflite` -> graph -> memory plan -> AssemblyScript + rom; and the verification and inspection of models. */
export type { Allocation, MemoryPlan } from './allocate.ts';
export { type CompiledModel, type CompileOptions, compileModel, type Layer, type TensorInfo } from './compile.ts';
export type { Graph, Operator, Quantization, Tensor, TensorType } from './graph.ts';
export { buildHarness, type Harness, type HarnessOptions } from './harness.ts';
export {
  bytesText,
  countText,
  inspectModel,
  type ModelReport,
  type ReportBlock,
  type ReportLayer,
  type ReportTensor,
} from './inspect.ts';
export { ModelLimit, parseModel } from './parse.ts';
export { renderHtml } from './render-html.ts';
export { renderText } from './render-text.ts';
export {
  checkInput,
  load as loadHarness,
  type ModelRunner,
  runModel,
  type TensorDifference,
  type Verification,
  type VerifyResult,
  verifyModel,
  verifyOutputs,
} from './verify.ts';
