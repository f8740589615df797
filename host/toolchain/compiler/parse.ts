/** `.tflite` bytes -> `Graph`. For any bytes, the result is a graph whose references are all valid, or a `MoteError`. */
import { ModelConstant } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import { FlatbufferReader, type Table } from './flatbuffer.ts';
import {
  type Graph,
  type Operator,
  operatorLabel,
  type Quantization,
  TENSOR_BYTES,
  type Tensor,
  tensorLabel,
} from './graph.ts';
import { operatorName } from './operator-names.ts';
import { readOperation, TENSOR_TYPES } from './schema.ts';
import { checkSupport } from './support.ts';

/** Bounds far above any model for a sensor node. */
export const ModelLimit = ModelConstant;

/**
 * Reads and checks a model. Throws `MODEL_FORMAT` or `MODEL_TRUNCATED` (damaged), `MODEL_COMPLEX` (beyond `ModelLimit`) or
 * `MODEL_UNSUPPORTED` (valid, but not supported). The message names the tensor or operator.
 */
export function parseModel(bytes: Uint8Array): Graph {
  if (bytes.length > ModelLimit.fileBytes) {
    throw new MoteError(
      'MODEL_COMPLEX',
      `the model has ${bytes.length} bytes, at most ${ModelLimit.fileBytes} are allowed`,
    );
  }
  const model = new FlatbufferReader(bytes).root('TFL3');
  const codeTables = model.tables(1, 'operator code', 1000);
  const codes = codeTables.map(operatorCode);
  const subgraphs = model.tables(2, 'subgraph', 64);
  const subgraph = subgraphs[0];
  if (subgraph === undefined) throw new MoteError('MODEL_FORMAT', 'the model has no subgraph');
  checkSupport(codeTables, codes, subgraphs);
  const buffers = model.tables(4, 'buffer', 2 * ModelLimit.tensors);
  const tables = subgraph.tables(0, 'tensor', ModelLimit.tensors);
  // Operators first: an unsupported operator is a more useful error than a detail of its tensors.
  const operators = subgraph
    .tables(3, 'operator', ModelLimit.operators)
    .map((table, i) => readOperator(table, i, codes, tables.length));
  const tensors = tables.map((table, i) => readTensor(table, i, buffers));
  const graph: Graph = {
    description: model.text(3, 'description', ModelLimit.nameBytes),
    tensors,
    operators,
    inputs: indices(subgraph, 1, 'model input', tensors.length, false),
    outputs: indices(subgraph, 2, 'model output', tensors.length, false),
  };
  checkFlow(graph);
  return graph;
}

/** Older files use the byte field, from the time before there were more than 127 operators. The larger of both values counts. */
function operatorCode(table: Table): number {
  return Math.max(table.int8(0, 0), table.int32(3, 0));
}

function readTensor(table: Table, index: number, buffers: readonly Table[]): Tensor {
  const what = `tensor ${index}`;
  const name = table.text(3, `name of ${what}`, ModelLimit.nameBytes);
  const code = table.int8(1, 0);
  const type = TENSOR_TYPES[code];
  if (type === undefined)
    throw new MoteError('MODEL_UNSUPPORTED', `${what} has type number ${code}: only int8 models run on a node`);
  if (table.table(6, `sparsity of ${what}`) !== undefined)
    throw new MoteError('MODEL_UNSUPPORTED', `${what} is sparse: convert the model without sparsity`);
  const shape = table.int32s(0, `shape of ${what}`, ModelLimit.rank);
  let bytes: number = TENSOR_BYTES[type];
  for (const size of shape) {
    if (size < 1)
      throw new MoteError('MODEL_UNSUPPORTED', `${what} has size ${size} in its shape: give the model a fixed shape`);
    bytes *= size;
    if (bytes > ModelLimit.tensorBytes)
      throw new MoteError('MODEL_COMPLEX', `${what} has more than ${ModelLimit.tensorBytes} bytes`);
  }
  const tensor: Tensor = {
    index,
    name,
    type,
    shape,
    bytes,
    elements: bytes / TENSOR_BYTES[type],
    variable: table.bool(5, false),
  };
  const quantization = readQuantization(table.table(4, `quantization of ${what}`), tensor);
  if (quantization !== undefined) tensor.quantization = quantization;
  const data = readData(table, tensor, buffers);
  if (data !== undefined) tensor.data = data;
  return tensor;
}

function readData(table: Table, tensor: Tensor, buffers: readonly Table[]): Uint8Array | undefined {
  const bufferIndex = table.uint32(2, 0);
  // Buffer 0 is the schema's "no contents".
  if (bufferIndex === 0) return undefined;
  const buffer = buffers[bufferIndex];
  if (buffer === undefined)
    throw new MoteError('MODEL_FORMAT', `${tensorLabel(tensor)} names buffer ${bufferIndex}, which isn't there`);
  const data = buffer.data(0, `contents of tensor ${tensor.index}`);
  if (data.length === 0) return undefined;
  if (data.length !== tensor.bytes) {
    throw new MoteError(
      'MODEL_FORMAT',
      `${tensorLabel(tensor)} has ${data.length} bytes of contents, its shape needs ${tensor.bytes}`,
    );
  }
  return data;
}

function readQuantization(table: Table | undefined, tensor: Tensor): Quantization | undefined {
  if (table === undefined) return undefined;
  const scales = table.float32s(2, `scales of tensor ${tensor.index}`, ModelLimit.channels);
  if (scales.length === 0) return undefined;
  const zeroPoints = table.int64s(3, `zero points of tensor ${tensor.index}`, ModelLimit.channels).map(Number);
  const axis = table.int32(6, 0);
  const label = tensorLabel(tensor);
  if (scales.some((scale) => !(scale > 0 && Number.isFinite(scale)))) {
    throw new MoteError('MODEL_FORMAT', `${label} has a scale that isn't a positive number`);
  }
  if (zeroPoints.some((zero) => Math.abs(zero) > 2 ** 31))
    throw new MoteError('MODEL_FORMAT', `${label} has a zero point beyond 32 bits`);
  if (zeroPoints.length === 0) zeroPoints.push(...scales.map(() => 0));
  if (zeroPoints.length !== scales.length && zeroPoints.length !== 1) {
    throw new MoteError('MODEL_FORMAT', `${label} has ${scales.length} scales but ${zeroPoints.length} zero points`);
  }
  return { scales, zeroPoints, axis };
}

function readOperator(table: Table, index: number, codes: readonly number[], tensors: number): Operator {
  const codeIndex = table.uint32(0, 0);
  const code = codes[codeIndex];
  if (code === undefined)
    throw new MoteError('MODEL_FORMAT', `operator ${index} names operator code ${codeIndex}, which isn't there`);
  const what = `operator ${index} (${operatorName(code)})`;
  return {
    index,
    operation: readOperation(code, table.table(4, `options of ${what}`), what),
    inputs: indices(table, 1, `input of ${what}`, tensors, true),
    outputs: indices(table, 2, `output of ${what}`, tensors, false),
  };
}

/** Tensor indices, each checked; -1 only if an operand may be omitted. */
function indices(table: Table, field: number, what: string, tensors: number, optional: boolean): number[] {
  const found = table.int32s(field, what, ModelLimit.operands);
  for (const index of found) {
    if (index >= tensors || index < (optional ? -1 : 0))
      throw new MoteError('MODEL_FORMAT', `${what} is tensor ${index}, which isn't there`);
  }
  return found;
}

/** Every operand is a constant, a model input or the output of an earlier operator, and nothing is written twice. */
function checkFlow(graph: Graph): void {
  const known = new Set(graph.inputs);
  if (graph.inputs.length === 0 || graph.outputs.length === 0)
    throw new MoteError('MODEL_FORMAT', 'the model has no input or no output');
  if (known.size !== graph.inputs.length) throw new MoteError('MODEL_FORMAT', 'the model names an input twice');
  for (const tensor of graph.tensors) {
    if (tensor.data === undefined) continue;
    if (known.has(tensor.index))
      throw new MoteError('MODEL_FORMAT', `${tensorLabel(tensor)} is a model input and a constant`);
    known.add(tensor.index);
  }
  for (const operator of graph.operators) {
    for (const input of operator.inputs) {
      if (input >= 0 && !known.has(input)) {
        if (graph.tensors[input]!.variable) {
          throw new MoteError(
            'MODEL_UNSUPPORTED',
            `${operatorLabel(operator)} keeps state in ${tensorLabel(graph.tensors[input]!)}: only stateless models compile`,
          );
        }
        throw new MoteError(
          'MODEL_FORMAT',
          `${operatorLabel(operator)} reads ${tensorLabel(graph.tensors[input]!)} before anything writes it`,
        );
      }
    }
    for (const output of operator.outputs) {
      if (known.has(output)) {
        throw new MoteError(
          'MODEL_FORMAT',
          `${operatorLabel(operator)} writes ${tensorLabel(graph.tensors[output]!)}, which already has contents`,
        );
      }
      known.add(output);
    }
  }
  for (const output of graph.outputs) {
    if (!known.has(output))
      throw new MoteError('MODEL_FORMAT', `nothing writes the model output ${tensorLabel(graph.tensors[output]!)}`);
  }
}
