/** Graph -> steps: one kernel call or a few for each operator, with everything decided but addresses. */
import type { Graph } from './graph.ts';
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
import { type Lowering, lowering, NO_SCRATCH, type Step } from './step.ts';

/** Throws `MODEL_UNSUPPORTED` or `MODEL_FORMAT`, naming the operator and the tensor. */
export function lower(graph: Graph): Step[] {
  const loaded = new Set<number>();
  return graph.operators.flatMap((operator) => {
    const step = lowerOperator(lowering(graph, operator));
    // Constants that are operands rather than weights come into the arena before their first use.
    const constants = step.reads.filter((index) => graph.tensors[index]!.data !== undefined && !loaded.has(index));
    return [
      ...constants.map((index): Step => {
        loaded.add(index);
        const { data, bytes } = graph.tensors[index]!;
        const headers: Step['headers'] = (at) => [[at.rom(data!), at.tensor(index), bytes]];
        return {
          kernel: 'constant',
          operator,
          reads: [],
          writes: [index],
          inPlace: [],
          scratch: NO_SCRATCH,
          macs: 0,
          headers,
        };
      }),
      step,
    ];
  });
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
