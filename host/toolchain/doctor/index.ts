/** What a machine has for building, running and flashing boards: programs, serial ports and drives. */
export { checkBoard, checkBoards, checkMachine, type ListedBoard, listBoards } from './diagnose.ts';
export { BOOTLOADER, type Drive, readDrive, serialPorts, uf2Drives } from './ports.ts';
export { type Check, checkTool, isWell, TOOLS, type Tool } from './tools.ts';
