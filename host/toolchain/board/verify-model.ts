/** Compares a model's outputs on an engine or an emulated board with golden files, byte for byte. */
import { readInput } from '../../base/index.ts';
import { type EngineName, loadEngine } from '../../device/engine/index.ts';
import type { ModelRunner, Verification } from '../compiler/index.ts';
import { loadBoard, requireRun } from './board-json.ts';
import { runModelOnBoard } from './model.ts';

/** Where a model is verified. */
export type VerifyPlace = { engine: EngineName } | { board: string; accelerated: boolean };

/** Runs every in_*.bin of the folder `golden` through the model in the file `path`. */
export async function verifyModelOn(path: string, golden: string, place: VerifyPlace): Promise<Verification> {
  const bytes = readInput(path, 'The model');
  const { verifyModel, verifyOutputs } = await import('../compiler/index.ts');
  if ('engine' in place) return verifyModel(bytes, golden, await loadEngine(place.engine));
  const board = loadBoard(place.board);
  requireRun(board);
  const runner: ModelRunner = async (harness, inputs) => {
    const { outputs } = await runModelOnBoard(board, harness, inputs, { accelerated: place.accelerated });
    return outputs.map(({ output, instructions }) => ({ output, cost: { instructions } }));
  };
  return { results: await verifyOutputs(bytes, golden, runner) };
}
