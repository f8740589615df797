/** Boards: their firmware's images, and what runs and flashes them. */
export { type Board, boardNames, type FlashMethod, loadBoard, TOOLCHAINS, type Toolchain } from './board-json.ts';
export { type BuiltImage, buildImage } from './build.ts';
export { readElf } from './elf.ts';
export { readHex, writeHex } from './hex.ts';
export { type NewNode, nodeSegment } from './image-node.ts';
export { hex32, type Image, joinSegments, type Segment, toBinary } from './segments.ts';
export { findTool, libraryFlags, TOOL_NAMES, type ToolName } from './toolchain.ts';
export { readUf2, UF2_FAMILIES, type Uf2Family, writeUf2 } from './uf2.ts';
