/** Boards: their descriptions, their firmware's images, and how these are built and run. */
export { buildAgent, type FirmwareObserver } from './agent.ts';
export { benchModel, type LayerCost, type ModelBench } from './bench-model.ts';
export {
  type Board,
  boardNames,
  type FlashMethod,
  loadBoard,
  requireRun,
  TOOLCHAINS,
  type Toolchain,
} from './board-json.ts';
export { type BuildOptions, type BuiltImage, buildImage } from './build.ts';
export { componentLibraries, componentSources } from './components.ts';
export { readElf } from './elf.ts';
export { type Footprint, footprintOf, PARTS, totalOf } from './footprint.ts';
export { readHex, writeHex } from './hex.ts';
export { type NewNode, nodeSegment } from './image-node.ts';
export { memoryWarning } from './memory.ts';
export { type BoardModelOptions, type BoardModelRun, runModelOnBoard } from './model.ts';
export { NODE_EXIT, type NodeProcess, type StartOptions, startNode } from './qemu.ts';
export { hex32, type Image, joinSegments, type Segment, toBinary } from './segments.ts';
export { SimChannel, type SimHandlers } from './sim-channel.ts';
export { SimClock, type SimClockOptions } from './sim-clock.ts';
export { findTool, libraryFlags, TOOL_NAMES, type ToolName } from './toolchain.ts';
export { readUf2, UF2_FAMILIES, type Uf2Family, writeUf2 } from './uf2.ts';
export { type VerifyPlace, verifyModelOn } from './verify-model.ts';
