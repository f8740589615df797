/** Graph -> steps: one kernel call or a few for each operator. Everything but addresses is decided here. */
import { MoteError } from '../../base/index.ts';
import { type Graph, operatorLabel } from './graph.ts';
import { lowerHardSwish, lowerLeakyRelu } from './lower-activation.ts';
import { lowerConv2d, lowerDepthwise, lowerFullyConnected } from './lower-dense.ts';
import {
  lowerAdd,
  lowerDequantize,
  lowerQuantize,
  lowerRelu6,
  lowerRescale,
  lowerSigmoid,
  lowerSoftmax,
} from './lower-pointwise.ts';
import { lowerMean, lowerPad, lowerPool, lowerReshape, lowerTranspose } from './lower-shape.ts';
import { ModelLimit } from './parse.ts';
import { type Lowering, lowering, NO_SCRATCH, type Step } from './step.ts';

const MAX_WORK = 2 ** 31 - 1;

/** Throws `MODEL_UNSUPPORTED` or `MODEL_FORMAT`, naming the operator and the tensor. */
export function lower(graph: Graph): Step[] {
  checkWork(graph);
  const loaded = new Set<number>();
  return graph.operators.flatMap((operator) => {
    const step = lowerOperator(lowering(graph, operator));
    // Kernels count in int32.
    if (step.work > MAX_WORK) {
      const what = `${operatorLabel(operator)} does ${step.work} operations in one call`;
      throw new MoteError('MODEL_TOO_LARGE', `${what}, at most ${MAX_WORK} are possible`);
    }
    // Constants that are operands, not weights, are copied into the arena before their first use.
    const constants = step.reads.filter((index) => graph.tensors[index]!.data !== undefined && !loaded.has(index));
    return [
      ...constants.map((index): Step => {
        loaded.add(index);
        const { data, bytes } = graph.tensors[index]!;
        return {
          kernel: 'constant',
          operator,
          reads: [],
          writes: [index],
          inPlace: [],
          scratch: NO_SCRATCH,
          macs: 0,
          work: bytes,
          records: (at) => [{ input: at.rom(data!), output: at.tensor(index), bytes }],
        };
      }),
      step,
    ];
  });
}

/** A small file may refer to the same large constant repeatedly, and each use is work. */
function checkWork(graph: Graph): void {
  let bytes = 0;
  for (const { inputs } of graph.operators)
    for (const input of inputs) bytes += graph.tensors[input]?.data?.length ?? 0;
  if (bytes > ModelLimit.constantBytes) {
    throw new MoteError(
      'MODEL_COMPLEX',
      `the model's operators read ${bytes} bytes of constants, at most ${ModelLimit.constantBytes} are allowed`,
    );
  }
}

function lowerOperator(op: Lowering): Step {
  const { operation } = op.operator;
  switch (operation.op) {
    case 'CONV_2D':
      return lowerConv2d(op, operation);
    case 'DEPTHWISE_CONV_2D':
      return lowerDepthwise(op, operation);
    case 'FULLY_CONNECTED':
      return lowerFullyConnected(op, operation);
    case 'AVERAGE_POOL_2D':
    case 'MAX_POOL_2D':
      return lowerPool(op, operation);
    case 'ADD':
      return lowerAdd(op, operation.activation);
    case 'SOFTMAX':
      return lowerSoftmax(op, operation.beta);
    case 'MEAN':
      return lowerMean(op, operation.keepDims);
    case 'LOGISTIC':
    case 'TANH':
      return lowerSigmoid(op, operation.op);
    case 'RELU':
      return lowerRescale(op, 'RELU');
    case 'RELU6':
      return lowerRelu6(op);
    case 'LEAKY_RELU':
      return lowerLeakyRelu(op, operation.alpha);
    case 'HARD_SWISH':
      return lowerHardSwish(op);
    case 'QUANTIZE':
      return lowerQuantize(op);
    case 'DEQUANTIZE':
      return lowerDequantize(op);
    case 'PAD':
      return lowerPad(op);
    case 'TRANSPOSE':
      return lowerTranspose(op);
    case 'RESHAPE':
    case 'SQUEEZE':
    case 'EXPAND_DIMS':
      return lowerReshape(op);
  }
}
